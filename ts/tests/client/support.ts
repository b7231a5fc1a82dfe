/**
 * A connected client for tests, and the part of a worker that answers workflow tasks by raw RPCs as a test wants it.
 */

import { Client, type ClientOptions, Connection, GrpcStatus, type WorkflowService } from "../../src/client";
import { encode } from "../../src/common/encoding";
import type { Command } from "../../src/proto/temporal/api/command/v1/message";
import { CommandType } from "../../src/proto/temporal/api/enums/v1/command_type";
import type { Failure } from "../../src/proto/temporal/api/failure/v1/message";
import type { Message } from "../../src/proto/temporal/api/protocol/v1/message";
import { Acceptance, Rejection, Request, Response } from "../../src/proto/temporal/api/update/v1/message";
import type { PollWorkflowTaskQueueResponse } from "../../src/proto/temporal/api/workflowservice/v1/request_response";
import { eventually } from "../support/eventually";
import { testServer } from "../support/server";

export const { address, namespace } = await testServer();

let shared: Promise<Connection> | undefined;

/** The connection that the tests of a file share. */
export function connection(): Promise<Connection> {
  return (shared ??= Connection.connect({ address }));
}

/** A client on the shared connection. */
export async function client(options: Omit<ClientOptions, "connection"> = {}): Promise<Client> {
  return new Client({ connection: await connection(), namespace, ...options });
}

/** A name that no other test uses. */
export function unique(name: string): string {
  return `${name}-${crypto.randomUUID()}`;
}

/** Registers a search attribute and waits until workflows can have it. */
export async function searchAttribute(name: string, type: keyof typeof TYPE_NUMBERS): Promise<void> {
  const { operatorService } = await connection();
  await operatorService
    .addSearchAttributes({ namespace, searchAttributes: { [name]: TYPE_NUMBERS[type] } })
    .catch((error) => {
      if (error.code !== GrpcStatus.ALREADY_EXISTS) throw error;
    });
  const { workflow } = await client();
  await eventually(
    () =>
      workflow.count(`${name} IS NULL`).then(
        () => true,
        () => false,
      ),
    (known) => known,
  );
}

const TYPE_NUMBERS = { TEXT: 1, KEYWORD: 2, INT: 3, DOUBLE: 4, BOOL: 5, DATETIME: 6, KEYWORD_LIST: 7 };

export const json = (value: unknown) => ({
  payloads: [{ metadata: { encoding: encode("json/plain") }, data: encode(JSON.stringify(value)) }],
});

/** Commands that end a workflow. */
export const complete = (value: unknown): Command => ({
  commandType: CommandType.COMMAND_TYPE_COMPLETE_WORKFLOW_EXECUTION,
  completeWorkflowExecutionCommandAttributes: { result: json(value) },
});
export const fail = (failure: Failure): Command => ({
  commandType: CommandType.COMMAND_TYPE_FAIL_WORKFLOW_EXECUTION,
  failWorkflowExecutionCommandAttributes: { failure },
});
export const cancel = (details: unknown): Command => ({
  commandType: CommandType.COMMAND_TYPE_CANCEL_WORKFLOW_EXECUTION,
  cancelWorkflowExecutionCommandAttributes: { details: json(details) },
});
export const continueAsNew = (workflowType: string, taskQueue: string): Command => ({
  commandType: CommandType.COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION,
  continueAsNewWorkflowExecutionCommandAttributes: {
    workflowType: { name: workflowType },
    taskQueue: { name: taskQueue },
  },
});

/** Whether a poll gave a task: after a time without one, the server ends it. */
export const hasToken = ({ taskToken }: { taskToken?: Uint8Array | undefined }) =>
  taskToken !== undefined && taskToken.length > 0;

/** Takes the next workflow task of a queue. */
export async function pollTask(taskQueue: string, service?: WorkflowService): Promise<PollWorkflowTaskQueueResponse> {
  const workflowService = service ?? (await connection()).workflowService;
  const poll = { namespace, taskQueue: { name: taskQueue }, identity: "test" };
  return eventually(() => workflowService.pollWorkflowTaskQueue(poll), hasToken);
}

/** Takes the next workflow task of a queue and answers it with commands and messages. */
export async function answerTask(
  taskQueue: string,
  commands: Command[] = [],
  messages: Message[] = [],
): Promise<PollWorkflowTaskQueueResponse> {
  const task = await pollTask(taskQueue);
  const { workflowService } = await connection();
  await workflowService.respondWorkflowTaskCompleted({
    namespace,
    identity: "test",
    taskToken: task.taskToken,
    commands,
    messages,
  });
  return task;
}

/** Takes the next query of a queue and answers it: with a value, or with an error if `error` is set. */
export async function answerQuery(
  taskQueue: string,
  value: unknown,
  error?: string,
): Promise<PollWorkflowTaskQueueResponse> {
  const task = await pollTask(taskQueue);
  const { workflowService } = await connection();
  await workflowService.respondQueryTaskCompleted({
    namespace,
    taskToken: task.taskToken,
    completedType: error === undefined ? 1 : 2,
    queryResult: error === undefined ? json(value) : undefined,
    errorMessage: error,
  });
  return task;
}

/**
 * Takes the next task of a queue that has an update, and completes or rejects the update; further commands go along.
 */
export async function answerUpdate(
  taskQueue: string,
  outcome: { value: unknown } | { failure: Failure } | { rejection: Failure },
  commands: Command[] = [],
  service?: WorkflowService,
): Promise<Request> {
  const workflowService = service ?? (await connection()).workflowService;
  let task = await pollTask(taskQueue, workflowService);
  while (!task.messages?.length) {
    await workflowService.respondWorkflowTaskCompleted({ namespace, identity: "test", taskToken: task.taskToken });
    task = await pollTask(taskQueue, workflowService);
  }
  const message = task.messages[0]!;
  const id = message.protocolInstanceId!;
  const request = Request.decode(message.body!.value!);
  const any = (type: string, value: Uint8Array) => ({
    typeUrl: `type.googleapis.com/temporal.api.update.v1.${type}`,
    value,
  });
  const reference = {
    acceptedRequestMessageId: message.id,
    acceptedRequestSequencingEventId: message.eventId,
    acceptedRequest: request,
  };
  const body =
    "rejection" in outcome
      ? [
          any(
            "Rejection",
            Rejection.encode({
              rejectedRequestMessageId: message.id,
              rejectedRequestSequencingEventId: message.eventId,
              rejectedRequest: request,
              failure: outcome.rejection,
            }).finish(),
          ),
        ]
      : [
          any("Acceptance", Acceptance.encode(reference).finish()),
          any(
            "Response",
            Response.encode({
              meta: request.meta,
              outcome: "value" in outcome ? { success: json(outcome.value) } : outcome,
            }).finish(),
          ),
        ];
  const messages = body.map((item, index) => ({ id: `${id}/${index}`, protocolInstanceId: id, body: item }));
  const protocolCommands = messages.map((item) => ({
    commandType: CommandType.COMMAND_TYPE_PROTOCOL_MESSAGE,
    protocolMessageCommandAttributes: { messageId: item.id },
  }));
  await workflowService.respondWorkflowTaskCompleted({
    namespace,
    identity: "test",
    taskToken: task.taskToken,
    // A rejection leaves no event and needs no command.
    commands: [...("rejection" in outcome ? [] : protocolCommands), ...commands],
    messages,
  });
  return request;
}
