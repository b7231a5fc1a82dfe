import {
  mapToPayloads,
  type SearchAttributes,
  type SearchAttributeUpdatePair,
  type SearchAttributeValue,
  TypedSearchAttributes,
} from "../common";
import {
  encodeUnifiedSearchAttributes,
  searchAttributePayloadConverter,
} from "../common/converter/payload-search-attributes";
import { mappedFields } from "../common/intact";
import { current, requireRun } from "./current";
import { eventGroupMarkers } from "./event-groups";
import type { WorkflowInfo } from "./interfaces";

/**
 * What is known about the running Workflow, as of now: ask again instead of keeping the result.
 *
 * @throws IllegalStateError outside of a Workflow Execution
 */
export function workflowInfo(): WorkflowInfo {
  return requireRun("Workflow.workflowInfo(...)").info;
}

/** Whether the calling code runs in a Workflow Execution. */
export function inWorkflowContext(): boolean {
  return current !== undefined;
}

/** The text that {@link setCurrentDetails} was called with last; empty at first. */
export function getCurrentDetails(): string {
  return requireRun("getCurrentDetails()").currentDetails;
}

/** Sets a text about the state of the Workflow for people to see, Markdown allowed. Not recorded in the history. */
export function setCurrentDetails(details: string): void {
  requireRun("setCurrentDetails(...)").currentDetails = details;
}

/**
 * Changes attributes of the Workflow's memo. Attributes that aren't named stay; `null` and `undefined` remove.
 *
 * @throws TypeError if `memo` is `null` or `undefined`
 */
export function upsertMemo(memo: Record<string, unknown>): void {
  const run = requireRun("Workflow.upsertMemo(...)");
  run.assertWritable("upsertMemo(...)");
  if (memo == null) throw new TypeError("memo must be a non-null Record");
  const normalized = mappedFields(memo, (value) => value ?? undefined);
  run.pushCommand({
    modifyWorkflowProperties: {
      upsertedMemo: { fields: mapToPayloads(run.payloadConverter, normalized, run.context()) },
    },
    eventGroupMarkers: eventGroupMarkers(),
  });
  run.changeInfo((info) => ({
    memo: Object.fromEntries(Object.entries({ ...info.memo, ...memo }).filter(([, value]) => value != null)),
  }));
}

/**
 * Changes search attributes of the Workflow. Attributes that aren't named stay.
 *
 * @param searchAttributes typed pairs, where the value `null` removes; or (deprecated) arrays by name, where an empty
 *   one or `undefined` removes
 * @throws TypeError if it is `null` or `undefined`, or a value of the second form is no array
 */
export function upsertSearchAttributes(searchAttributes: SearchAttributes | SearchAttributeUpdatePair[]): void {
  const run = requireRun("Workflow.upsertSearchAttributes(...)");
  run.assertWritable("upsertSearchAttributes(...)");
  if (searchAttributes == null) throw new TypeError("searchAttributes must be a non-null SearchAttributes");
  const typed = Array.isArray(searchAttributes);
  const indexedFields = typed
    ? encodeUnifiedSearchAttributes(undefined, searchAttributes)
    : mapToPayloads(searchAttributePayloadConverter, searchAttributes);
  run.pushCommand({
    upsertWorkflowSearchAttributes: { searchAttributes: { indexedFields } },
    eventGroupMarkers: eventGroupMarkers(),
  });
  run.changeInfo((info) => (typed ? mergeTyped(info, searchAttributes) : mergeUntyped(info, searchAttributes)));
}

type Attributes = Pick<WorkflowInfo, "searchAttributes" | "typedSearchAttributes">;

function mergeTyped(info: WorkflowInfo, pairs: SearchAttributeUpdatePair[]): Attributes {
  const searchAttributes: SearchAttributes = { ...info.searchAttributes };
  for (const { key, value } of pairs) {
    if (value == null) delete searchAttributes[key.name];
    else searchAttributes[key.name] = Array.isArray(value) ? value : ([value] as SearchAttributeValue);
  }
  return { searchAttributes, typedSearchAttributes: info.typedSearchAttributes.updateCopy([...pairs]) };
}

function mergeUntyped(info: WorkflowInfo, changes: SearchAttributes): Attributes {
  const searchAttributes: SearchAttributes = { ...info.searchAttributes };
  let typedSearchAttributes = info.typedSearchAttributes.updateCopy([]);
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined && !Array.isArray(value)) {
      throw new TypeError(
        `Search attribute value must be an array or undefined, got ${JSON.stringify(value)} for '${name}'`,
      );
    }
    const known = typedSearchAttributes.getAll().find((pair) => pair.key.name === name)?.key;
    if (value === undefined || value.length === 0) {
      if (known !== undefined) {
        typedSearchAttributes = typedSearchAttributes.updateCopy([
          { key: known, value: null } as SearchAttributeUpdatePair,
        ]);
      }
      delete searchAttributes[name];
      continue;
    }
    const key = TypedSearchAttributes.getKeyFromUntyped(name, value);
    if (key === undefined) continue;
    // A string may be text or a keyword: what is known already decides.
    if (key.type === "TEXT" && known !== undefined) key.type = known.type;
    let single: unknown = value.length === 1 ? value[0] : value;
    if (value.length === 1 && key.type === "DATETIME") single = new Date(single as string);
    typedSearchAttributes = typedSearchAttributes.updateCopy([{ key, value: single } as SearchAttributeUpdatePair]);
    searchAttributes[name] = value as SearchAttributeValue;
  }
  return { searchAttributes, typedSearchAttributes };
}
