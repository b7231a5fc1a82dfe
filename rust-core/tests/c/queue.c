/* Queues, bytes and errors through the header alone, without a server. */

#define _POSIX_C_SOURCE 200809L

#include <poll.h>
#include <pthread.h>
#include <unistd.h>

#include "host.h"

enum { PRODUCERS = 4, EVENTS_EACH = 2000, LARGE = 100000 };

static TemporalCoreQueue queue;

/* Posts numbered events, now and then a large one. */
static void *produce(void *argument) {
  uint64_t producer = *(const uint64_t *)argument;
  uint8_t *large = malloc(LARGE);
  EXPECT(large != NULL);
  memset(large, (int)producer, LARGE);
  for (uint64_t number = 0; number < EVENTS_EACH; number++) {
    size_t length = number % 500 == 0 ? LARGE : number % 60;
    EXPECT_OK(temporal_core_queue_post(queue, producer << 32 | number, (int32_t)number, large, length));
  }
  free(large);
  return NULL;
}

/* Reads what the bell has, waiting for the first byte. */
static void await_bell(int descriptor) {
  struct pollfd bell = {.fd = descriptor, .events = POLLIN};
  EXPECT(poll(&bell, 1, (int)PATIENCE_MS) == 1);
  char rings[64];
  EXPECT(read(descriptor, rings, sizeof rings) > 0);
}

/* A host with an event loop: sleeps on the descriptor, then drains until nothing is left. */
static void echo_through_the_bell(void) {
  int32_t descriptor = -1;
  EXPECT_OK(temporal_core_queue_new(&queue, &descriptor));
  pthread_t threads[PRODUCERS];
  uint64_t names[PRODUCERS];
  for (uint64_t producer = 0; producer < PRODUCERS; producer++) {
    names[producer] = producer;
    EXPECT(pthread_create(&threads[producer], NULL, produce, &names[producer]) == 0);
  }

  uint64_t next[PRODUCERS] = {0};
  TemporalCoreBytes kept[PRODUCERS * EVENTS_EACH / 500];
  size_t kept_count = 0;
  for (size_t total = 0; total < (size_t)PRODUCERS * EVENTS_EACH;) {
    TemporalCoreEvent events[16];
    size_t count;
    await_bell(descriptor);
    do {
      EXPECT_OK(temporal_core_queue_drain(queue, events, sizeof events[0], 16, &count));
      total += count;
      for (size_t index = 0; index < count; index++) {
        TemporalCoreEvent event = events[index];
        uint64_t producer = event.token >> 32, number = event.token & 0xffffffff;
        EXPECT(event.kind == TEMPORAL_CORE_EVENT_KIND_HOST && event.object == 0);
        EXPECT(number == next[producer]++ && event.status == (int32_t)number);
        for (size_t position = 0; position < event.length; position++) EXPECT(event.data[position] == producer);
        if (event.length == LARGE) {
          EXPECT_OK(temporal_core_queue_take(queue, index, &kept[kept_count++]));
          EXPECT_STATUS(temporal_core_queue_take(queue, index, &kept[0]), TEMPORAL_CORE_STATUS_INVALID_ARGUMENT);
        }
      }
    } while (count == 16);
  }
  for (int producer = 0; producer < PRODUCERS; producer++) EXPECT(pthread_join(threads[producer], NULL) == 0);

  EXPECT(kept_count == sizeof kept / sizeof kept[0]);
  EXPECT_OK(temporal_core_queue_post(queue, 1, 0, TEXT("never drained")));
  EXPECT_OK(temporal_core_queue_free(queue));
  for (size_t index = 0; index < kept_count; index++) {
    const uint8_t *data;
    size_t length;
    EXPECT_OK(temporal_core_bytes_read(kept[index], &data, &length));
    EXPECT(length == LARGE && data[0] == data[LARGE - 1]);
    EXPECT_OK(temporal_core_bytes_free(kept[index]));
    EXPECT_STATUS(temporal_core_bytes_read(kept[index], &data, &length), TEMPORAL_CORE_STATUS_INVALID_HANDLE);
  }

  /* The bell of the last event, perhaps others whose events were drained with an earlier one, then the end. */
  char rest[4096];
  EXPECT(read(descriptor, rest, sizeof rest) > 0);
  EXPECT(read(descriptor, rest, sizeof rest) == 0);
  EXPECT(close(descriptor) == 0);
}

static void *wait_for_the_end(void *argument) {
  TemporalCoreStatus *status = argument;
  *status = temporal_core_queue_wait(queue, PATIENCE_MS);
  return NULL;
}

/* A host with a thread that blocks. */
static void wait_without_a_bell(void) {
  EXPECT_OK(temporal_core_queue_new(&queue, NULL));
  EXPECT_STATUS(temporal_core_queue_wait(queue, 5), TEMPORAL_CORE_STATUS_TIMED_OUT);
  EXPECT_OK(temporal_core_queue_post(queue, 7, -1, NULL, 0));
  TemporalCoreEvent event = next_event(queue);
  EXPECT(event.token == 7 && event.status == -1 && event.length == 0);

  pthread_t waiter;
  TemporalCoreStatus status = TEMPORAL_CORE_STATUS_OK;
  EXPECT(pthread_create(&waiter, NULL, wait_for_the_end, &status) == 0);
  EXPECT_OK(temporal_core_queue_free(queue));
  EXPECT(pthread_join(waiter, NULL) == 0);
  EXPECT(status == TEMPORAL_CORE_STATUS_CLOSED || status == TEMPORAL_CORE_STATUS_INVALID_HANDLE);
  EXPECT_STATUS(temporal_core_queue_free(queue), TEMPORAL_CORE_STATUS_INVALID_HANDLE);
}

/* Errors of calls and of operations, and everything freed in the wrong order. */
static void fail_to_connect(void) {
  TemporalCoreRuntime runtime = 0;
  TemporalCoreBytes error = 0;
  const uint8_t *data;
  size_t length;
  EXPECT_OK(temporal_core_queue_new(&queue, NULL));
  EXPECT_STATUS(temporal_core_runtime_new(TEXT("{\"threads\":\"two\"}"), &runtime, &error), TEMPORAL_CORE_STATUS_INVALID_OPTIONS);
  EXPECT_OK(temporal_core_bytes_read(error, &data, &length));
  EXPECT(contains(data, length, "\"status\":\"INVALID_OPTIONS\"") && contains(data, length, "threads"));
  EXPECT_OK(temporal_core_bytes_free(error));

  expect_no_error(temporal_core_runtime_new(TEXT("{\"threads\":1,\"logging\":{\"filter\":\"trace\",\"forward\":true}}"), &runtime, &error), &error, "runtime");
  expect_no_error(temporal_core_runtime_forward_logs(runtime, queue, 30, &error), &error, "forwarding logs");
  /* Port 1 needs a privilege to listen at, so nobody does. The buffer is the host's again after the call. */
  char options[] = "{\"address\":\"127.0.0.1:1\",\"connectTimeoutMs\":5000}";
  TemporalCoreStatus status = temporal_core_client_connect(runtime, queue, 31, TEXT(options), &error);
  memset(options, 'x', sizeof options);
  expect_no_error(status, &error, "connecting");
  EXPECT_OK(temporal_core_runtime_free(runtime));

  size_t records = 0;
  TemporalCoreEvent event;
  while ((event = next_event(queue)).token == 30) {
    EXPECT(event.kind == TEMPORAL_CORE_EVENT_KIND_LOG && contains(event.data, event.length, "\"timestampMs\":"));
    records++;
  }
  EXPECT(records > 0);
  EXPECT(event.token == 31 && event.kind == TEMPORAL_CORE_EVENT_KIND_CLIENT_CONNECTED && event.object == 0);
  EXPECT(event.status == TEMPORAL_CORE_STATUS_CONNECTION_FAILED && contains(event.data, event.length, "127.0.0.1:1"));
  EXPECT_OK(temporal_core_queue_free(queue));
  EXPECT_STATUS(temporal_core_runtime_free(runtime), TEMPORAL_CORE_STATUS_INVALID_HANDLE);
  EXPECT_STATUS(temporal_core_runtime_free(queue), TEMPORAL_CORE_STATUS_INVALID_HANDLE);
}

int main(void) {
  expect_same_abi();
  echo_through_the_bell();
  wait_without_a_bell();
  fail_to_connect();
  puts("queue: ok");
  return 0;
}
