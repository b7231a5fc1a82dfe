/* What the C programs here have in common. A failed expectation says where and ends the program with status 1. */

#ifndef HOST_H
#define HOST_H

#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "temporal_bun_core.h"

/* Longer than anything here takes, valgrind included, so that what hangs fails. In milliseconds. */
#define PATIENCE_MS 120000u

#define EXPECT(condition)                                                      \
  do {                                                                         \
    if (!(condition)) {                                                        \
      fprintf(stderr, "%s:%d: not so: %s\n", __FILE__, __LINE__, #condition);  \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

#define EXPECT_STATUS(call, expected)                                          \
  do {                                                                         \
    TemporalCoreStatus status_ = (call);                                       \
    if (status_ != (expected)) {                                               \
      fprintf(stderr, "%s:%d: %s is %d, not %s\n", __FILE__, __LINE__, #call,  \
              (int)status_, #expected);                                        \
      exit(1);                                                                 \
    }                                                                          \
  } while (0)

#define EXPECT_OK(call) EXPECT_STATUS(call, TEMPORAL_CORE_STATUS_OK)

/* Prints the error document in `error` and ends the program, unless the call was a success. By a pointer, since C does
 * not say whether the call or the other arguments come first. */
static inline void expect_no_error(TemporalCoreStatus status, const TemporalCoreBytes *error, const char *what) {
  if (status == TEMPORAL_CORE_STATUS_OK) {
    EXPECT(*error == 0);
    return;
  }
  const uint8_t *data = NULL;
  size_t length = 0;
  EXPECT_OK(temporal_core_bytes_read(*error, &data, &length));
  fprintf(stderr, "%s failed: %.*s\n", what, (int)length, (const char *)data);
  exit(1);
}

/* A NUL-terminated text as the two arguments that the header asks for. */
#define TEXT(text) (const uint8_t *)(text), strlen(text)

/* Whether `length` bytes at `data` contain a text. */
static inline bool contains(const uint8_t *data, size_t length, const char *text) {
  size_t size = strlen(text);
  for (size_t start = 0; start + size <= length; start++) {
    if (memcmp(data + start, text, size) == 0) return true;
  }
  return false;
}

/* Waits for the next event of a queue. Its data is valid until the next call with this queue. */
static inline TemporalCoreEvent next_event(TemporalCoreQueue queue) {
  TemporalCoreEvent event;
  size_t count = 0;
  EXPECT_OK(temporal_core_queue_wait(queue, PATIENCE_MS));
  EXPECT_OK(temporal_core_queue_drain(queue, &event, sizeof event, 1, &count));
  EXPECT(count == 1);
  return event;
}

/* The next event, which has to be a success of this kind and token. */
static inline TemporalCoreEvent expect_event(TemporalCoreQueue queue, uint32_t kind, uint64_t token) {
  TemporalCoreEvent event = next_event(queue);
  if (event.kind != kind || event.token != token || event.status != TEMPORAL_CORE_STATUS_OK) {
    fprintf(stderr, "instead of kind %" PRIu32 " token %" PRIu64 ": kind %" PRIu32 " token %" PRIu64 " status %" PRId32 " %.*s\n",
            kind, token, event.kind, event.token, event.status, event.status == 0 ? 0 : (int)event.length, (const char *)event.data);
    exit(1);
  }
  return event;
}

/* Refuses to go on with a library that was made from another header. */
static inline void expect_same_abi(void) {
  TemporalCoreAbi abi = {.size = sizeof abi};
  EXPECT_OK(temporal_core_abi(&abi));
  EXPECT(abi.abi_version == TEMPORAL_CORE_ABI_VERSION);
  EXPECT(strlen(abi.package_version) > 0 && strlen(abi.core_version) > 0);
}

#endif
