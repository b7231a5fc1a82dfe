/** The inbox: which runs wait for people, by a search attribute that they write when they do. */
import { type Client, isGrpcServiceError } from "../../../client";
import type { Logger } from "../../../common";
import { decodeSearchAttributes } from "../../../common/converter/payload-search-attributes";
import { IndexedValueType } from "../../../proto/temporal/api/enums/v1/common";
import { type PendingApproval, WAITING_ATTRIBUTE, waitOfText } from "../plan";

/** How long a namespace without the search attribute isn't asked again, in milliseconds. */
const askAgainMs = 60_000;
const askMs = 5_000;
const invalidArgument = 3;

/** The namespace has no inbox, because it lacks the search attribute. */
export class InboxMissing extends Error {}

/** Options of `App.pending`. */
export interface PendingOptions {
  /** Id of the flow. Default: all of the application. */
  flow?: string;
  /** Runs per page, up to 1,000. Default 100. */
  pageSize?: number;
  /** `next` of the page before. */
  after?: string | undefined;
}

/** A wait for a person. */
export interface PendingWait {
  /** Id of the run's Workflow. */
  id: string;
  /** The flow's id. */
  flow: string;
  /** The verb with the turns around it. */
  step: string;
  since: Date;
  /** When it is over. */
  until?: Date;
}

/** A page of the inbox. */
export interface PendingPage {
  /** Those of the runs that began last come first. */
  waits: PendingWait[];
  /** Where the next page begins; undefined if this is the last one. */
  next?: string;
}

/** What is known of the inbox of a namespace. */
export class Inbox {
  readonly #client: Client;
  #isThere: { asked: number; answer: Promise<boolean> } | undefined;

  constructor(client: Client) {
    this.#client = client;
  }

  /** Whether runs can say that they wait. The server refuses search attributes that it doesn't know. */
  async isThere(log: Logger): Promise<boolean> {
    const known = this.#isThere;
    if (known !== undefined && ((await known.answer) || Date.now() < known.asked + askAgainMs)) return known.answer;
    const answer = this.#ask(log);
    this.#isThere = { asked: Date.now(), answer };
    return answer;
  }

  async #ask(log: Logger): Promise<boolean> {
    try {
      const type = await this.#type();
      return type !== undefined && isList(type);
    } catch (error) {
      const { namespace } = this.#client.options;
      log.warn("The search attributes of the namespace can't be listed, so runs that begin now aren't in the inbox", {
        namespace,
        error,
      });
      return false;
    }
  }

  /** The type of the search attribute; undefined if there is none. */
  async #type(): Promise<IndexedValueType | undefined> {
    const { connection, options } = this.#client;
    const { customAttributes } = await connection.withDeadline(Date.now() + askMs, () =>
      connection.operatorService.listSearchAttributes({ namespace: options.namespace }),
    );
    return customAttributes?.[WAITING_ATTRIBUTE];
  }

  /** A page of what runs of some flows wait for. */
  async page(flows: readonly string[], { pageSize = 100, after }: PendingOptions): Promise<PendingPage> {
    const { namespace } = this.#client.options;
    const types = flows.map((id) => `"${id}"`).join(", ");
    const query = `${WAITING_ATTRIBUTE} IS NOT NULL AND ExecutionStatus = "Running" AND WorkflowType IN (${types})`;
    const nextPageToken = after === undefined ? undefined : Buffer.from(after, "base64url");
    const { executions = [], nextPageToken: more } = await this.#client.workflowService
      .listWorkflowExecutions({ namespace, query, pageSize, nextPageToken })
      .catch((error: unknown) => {
        throw isUnknownAttribute(error) ? missing(namespace, "no search attribute") : error;
      });
    // One of another type is written by no run, but can be asked for. Not everyone may ask which it is.
    if (executions.length === 0 && !isList(await this.#type().catch(() => undefined)))
      throw missing(namespace, "another kind of search attribute");
    const waits = executions.flatMap(({ execution, type, searchAttributes }) => {
      const texts = decodeSearchAttributes(searchAttributes?.indexedFields)[WAITING_ATTRIBUTE] ?? [];
      return texts.map((text) => pendingWait(execution?.workflowId ?? "", type?.name ?? "", waitOfText(String(text))));
    });
    return { waits, ...(more?.length ? { next: Buffer.from(more).toString("base64url") } : {}) };
  }
}

function isList(type: IndexedValueType = IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST): boolean {
  return type === IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST;
}

function pendingWait(
  id: string,
  flow: string,
  { path: step, since, until }: Pick<PendingApproval, "path" | "since" | "until">,
): PendingWait {
  return { id, flow, step, since: new Date(since), ...(until === undefined ? {} : { until: new Date(until) }) };
}

function isUnknownAttribute(error: unknown): boolean {
  return isGrpcServiceError(error) && error.code === invalidArgument && error.details.includes(WAITING_ATTRIBUTE);
}

function missing(namespace: string, what: string): InboxMissing {
  const name = WAITING_ATTRIBUTE;
  return new InboxMissing(
    `The namespace '${namespace}' has ${what} ${name}, by which runs that wait are found. Make it, with \`temporal operator search-attribute create --namespace ${namespace} --name ${name} --type KeywordList\`: runs that begin a minute later are listed. Without it runs wait, and are decided by their links or ids`,
  );
}
