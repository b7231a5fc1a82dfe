/** How decisions reach runs. */
import { type Client, WorkflowUpdateFailedError } from "../../../client";
import { WorkflowNotFoundError } from "../../../common";
import type { Definition } from "../definition";
import { type Decision, RESOLVE_UPDATE, type Resolution } from "../plan";
import { issuesText, validate } from "../schema";
import { isOverAlready, type Wait } from "./token";

const longestName = 200;

/** A decision that isn't one, and why. */
export class DecisionInvalid extends TypeError {}

/** Hands a decision to a run. @throws TokenRefused if it was decided before, or the run waits no more */
export async function decide(
  client: Client,
  flows: ReadonlyMap<string, Definition>,
  { flow, workflowId, run, path }: Wait,
  given: Decision,
): Promise<void> {
  const { decision, by } = given;
  if (decision !== "approved" && decision !== "denied")
    throw new DecisionInvalid(`decision must be "approved" or "denied", got ${JSON.stringify(decision)}`);
  if (by !== undefined && (typeof by !== "string" || by.length > longestName))
    throw new DecisionInvalid(`by must be a text of up to ${longestName} characters`);
  const input = await inputOf(flows.get(flow), path, given);
  const resolution: Resolution = {
    run,
    path,
    decision,
    ...(by === undefined || by === "" ? {} : { by }),
    ...(input === undefined ? {} : { input }),
  };
  try {
    await client.workflow
      .getHandle(workflowId)
      .executeUpdate<void, [Resolution]>(RESOLVE_UPDATE, { args: [resolution] });
  } catch (error) {
    if (!(error instanceof WorkflowUpdateFailedError || error instanceof WorkflowNotFoundError)) throw error;
    throw isOverAlready();
  }
}

/** What comes with an approval, as the schema of the verb gives it. */
async function inputOf(flow: Definition | undefined, path: string, { decision, input }: Decision): Promise<unknown> {
  const schema = flow?.inputs.get(path.split("/").at(-1)!);
  if (schema === undefined || decision === "denied") return input;
  const result = await validate(schema, input);
  if ("issues" in result) throw new DecisionInvalid(`The input isn't what is asked for: ${issuesText(result.issues)}`);
  return result.value;
}
