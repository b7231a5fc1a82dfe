/* One call of a server: what docs/OTHER-HOSTS.md shows. Usage: first_call HOST:PORT */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "temporal_bun_core.h"

enum { CONNECT = 1, SYSTEM_INFO };

/* Where calls leave the document that describes an error. */
static TemporalCoreBytes error = 0;

/* Ends the program with that document, unless the call was a success. */
static void check(TemporalCoreStatus status) {
  if (status == TEMPORAL_CORE_STATUS_OK) return;
  const uint8_t *text = NULL;
  size_t length = 0;
  temporal_core_bytes_read(error, &text, &length);
  fprintf(stderr, "status %d %.*s\n", (int)status, (int)length, (const char *)text);
  exit(1);
}

/* The next event, which is a success. Its data is valid until the next call with this queue. */
static TemporalCoreEvent next(TemporalCoreQueue queue) {
  TemporalCoreEvent event;
  size_t count = 0;
  check(temporal_core_queue_wait(queue, 30000));
  check(temporal_core_queue_drain(queue, &event, sizeof event, 1, &count));
  if (event.status == TEMPORAL_CORE_STATUS_OK) return event;
  /* A failed event has the same document as its data. */
  fprintf(stderr, "status %d %.*s\n", (int)event.status, (int)event.length, (const char *)event.data);
  exit(1);
}

int main(int count, char **words) {
  if (count != 2) return 2;

  /* A library that was made from another header may do anything. */
  TemporalCoreAbi abi = {.size = sizeof abi};
  check(temporal_core_abi(&abi));
  if (abi.abi_version != TEMPORAL_CORE_ABI_VERSION) return 2;

  TemporalCoreRuntime runtime;
  check(temporal_core_runtime_new(NULL, 0, &runtime, &error));
  TemporalCoreQueue queue;
  int32_t descriptor = -1; /* Readable when events wait, for hosts with an event loop. This one waits by itself. */
  check(temporal_core_queue_new(&queue, &descriptor));

  char options[256];
  int length = snprintf(options, sizeof options, "{\"address\":\"%s\",\"identity\":\"c\"}", words[1]);
  check(temporal_core_client_connect(runtime, queue, CONNECT, (const uint8_t *)options, (size_t)length, &error));
  TemporalCoreClient client = next(queue).object;

  /* An empty message, no metadata, no deadline, no cancellation. */
  const char *rpc = "GetSystemInfo";
  check(temporal_core_client_rpc(client, queue, SYSTEM_INFO, TEMPORAL_CORE_SERVICE_WORKFLOW, (const uint8_t *)rpc,
                                 strlen(rpc), NULL, 0, NULL, 0, 0, &error));
  /* GetSystemInfoResponse, whose field 1 is the server's version: a tag, a length of one byte, a text. */
  TemporalCoreEvent response = next(queue);
  if (response.length < 2 || response.data[0] != 10) return 1;
  printf("Core %s talks to server %.*s\n", abi.core_version, response.data[1], (const char *)response.data + 2);

  temporal_core_client_free(client);
  temporal_core_queue_free(queue);
  temporal_core_runtime_free(runtime);
  return 0;
}
