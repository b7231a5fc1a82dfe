/* Starts a workflow on a real server, runs it as its worker, and reads its result: through the header alone.
 * Usage: workflow HOST:PORT */

#include <time.h>

#include "protobuf.h"

enum { CONNECT = 1, VALIDATE, TASKS, START, COMPLETE, RESULT, FINALIZE };

/* temporal.api.common.v1.Payload with JSON. */
static Message json_payload(const char *json) {
  Message encoding = {0}, payload = {0};
  put_text(&encoding, 1, "encoding");
  put_text(&encoding, 2, "json/plain");
  put_message(&payload, 1, &encoding);
  put_text(&payload, 2, json);
  return payload;
}

static TemporalCoreClient connect_to(const char *address, TemporalCoreRuntime runtime, TemporalCoreQueue queue) {
  char options[256];
  TemporalCoreBytes error = 0;
  snprintf(options, sizeof options, "{\"address\":\"%s\",\"identity\":\"c-host\"}", address);
  expect_no_error(temporal_core_client_connect(runtime, queue, CONNECT, TEXT(options), &error), &error, "connecting");
  TemporalCoreClient client = expect_event(queue, TEMPORAL_CORE_EVENT_KIND_CLIENT_CONNECTED, CONNECT).object;
  EXPECT(client != 0);
  return client;
}

static void call(TemporalCoreClient client, TemporalCoreQueue queue, uint64_t token, const char *rpc, const Message *request) {
  TemporalCoreBytes error = 0;
  expect_no_error(temporal_core_client_rpc(client, queue, token, TEMPORAL_CORE_SERVICE_WORKFLOW, TEXT(rpc), request->data,
                                           request->length, NULL, 0, 0, &error),
                  &error, rpc);
}

static void start_workflow(TemporalCoreClient client, TemporalCoreQueue queue, const char *name) {
  Message type = {0}, task_queue = {0}, input = {0}, payload = json_payload("\"Ada\""), request = {0};
  put_text(&type, 1, "greet");
  put_text(&task_queue, 1, name);
  put_message(&input, 1, &payload);
  put_text(&request, 1, "default");
  put_text(&request, 2, name);
  put_message(&request, 3, &type);
  put_message(&request, 4, &task_queue);
  put_message(&request, 5, &input);
  put_text(&request, 10, name);
  call(client, queue, START, "StartWorkflowExecution", &request);
}

/* Asks for the last event of the history as soon as there is one. */
static void ask_for_result(TemporalCoreClient client, TemporalCoreQueue queue, const char *workflow_id) {
  Message execution = {0}, request = {0};
  put_text(&execution, 1, workflow_id);
  put_text(&request, 1, "default");
  put_message(&request, 2, &execution);
  put_number(&request, 5, 1);
  put_number(&request, 6, 2);
  call(client, queue, RESULT, "GetWorkflowExecutionHistory", &request);
}

/* Completes an activation; with a greeting when it starts a workflow, else with no command. */
static void complete(TemporalCoreWorker worker, TemporalCoreQueue queue, Slice activation) {
  Slice run_id, jobs, name;
  Message success = {0}, completion = {0};
  EXPECT(find(activation, 1, &run_id) && find(activation, 5, &jobs));
  /* initialize_workflow.arguments.data */
  if (find_path(jobs, (const uint32_t[]){1, 3, 2}, 3, &name)) {
    char greeting[64];
    EXPECT(name.length > 2 && name.length < 32);
    snprintf(greeting, sizeof greeting, "\"Hello, %.*s!\"", (int)name.length - 2, (const char *)name.data + 1);
    Message payload = json_payload(greeting), result = {0}, command = {0};
    put_message(&result, 1, &payload);
    put_message(&command, 6, &result);
    put_message(&success, 1, &command);
  }
  put_bytes(&completion, 1, run_id.data, run_id.length);
  put_message(&completion, 2, &success);
  TemporalCoreBytes error = 0;
  expect_no_error(temporal_core_worker_complete_workflow_activation(worker, queue, COMPLETE, completion.data, completion.length, &error),
                  &error, "completing");
}

/* Does the worker's part until the events with the tokens in `wanted` (a bit for each) have come. The result of the
 * workflow is copied to `result`. */
static void work_until(TemporalCoreWorker worker, TemporalCoreQueue queue, unsigned wanted, char *result, size_t size) {
  while (wanted != 0) {
    TemporalCoreEvent event = next_event(queue);
    if (event.status != TEMPORAL_CORE_STATUS_OK) {
      fprintf(stderr, "token %" PRIu64 ": %.*s\n", event.token, (int)event.length, (const char *)event.data);
      exit(1);
    }
    Slice data = {event.data, event.length}, greeting;
    if (event.kind == TEMPORAL_CORE_EVENT_KIND_WORKFLOW_ACTIVATION) {
      complete(worker, queue, data);
    } else if (event.token == RESULT) {
      /* history.events.workflow_execution_completed_event_attributes.result.payloads.data */
      EXPECT(find_path(data, (const uint32_t[]){1, 1, 7, 1, 1, 2}, 6, &greeting) && greeting.length < size);
      memcpy(result, greeting.data, greeting.length);
      result[greeting.length] = '\0';
    }
    if (event.kind != TEMPORAL_CORE_EVENT_KIND_POLLER_STOPPED) wanted &= ~(1u << event.token);
  }
}

int main(int count, char **arguments) {
  EXPECT(count == 2);
  expect_same_abi();
  TemporalCoreRuntime runtime = 0;
  TemporalCoreQueue queue = 0;
  TemporalCoreWorker worker = 0;
  TemporalCoreBytes error = 0;
  char name[64], options[256], result[64] = "";
  snprintf(name, sizeof name, "c-host-%ld-%ld", (long)time(NULL), (long)clock());

  expect_no_error(temporal_core_runtime_new(TEXT("{\"threads\":2}"), &runtime, &error), &error, "runtime");
  EXPECT_OK(temporal_core_queue_new(&queue, NULL));
  TemporalCoreClient client = connect_to(arguments[1], runtime, queue);
  snprintf(options, sizeof options, "{\"namespace\":\"default\",\"taskQueue\":\"%s\",\"taskTypes\":{\"workflows\":true}}", name);
  expect_no_error(temporal_core_worker_new(client, TEXT(options), &worker, &error), &error, "worker");
  expect_no_error(temporal_core_worker_validate(worker, queue, VALIDATE, &error), &error, "validating");
  expect_event(queue, TEMPORAL_CORE_EVENT_KIND_WORKER_VALIDATED, VALIDATE);
  expect_no_error(temporal_core_worker_start(worker, &queue, 1, 0, 0, TASKS, &error), &error, "worker start");

  start_workflow(client, queue, name);
  work_until(worker, queue, 1u << START, result, sizeof result);
  ask_for_result(client, queue, name);
  work_until(worker, queue, 1u << RESULT, result, sizeof result);
  EXPECT(strcmp(result, "\"Hello, Ada!\"") == 0);

  expect_no_error(temporal_core_worker_finalize_shutdown(worker, queue, FINALIZE, &error), &error, "shutdown");
  work_until(worker, queue, 1u << FINALIZE, result, sizeof result);
  /* A completion after the end is a status. */
  EXPECT_STATUS(temporal_core_worker_complete_workflow_activation(worker, queue, COMPLETE, NULL, 0, NULL), TEMPORAL_CORE_STATUS_CLOSED);
  EXPECT_OK(temporal_core_worker_free(worker));
  EXPECT_OK(temporal_core_client_free(client));
  EXPECT_OK(temporal_core_runtime_free(runtime));
  EXPECT_OK(temporal_core_queue_free(queue));
  printf("workflow: ok, %s\n", result);
  return 0;
}
