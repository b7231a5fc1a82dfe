/**
 * Loads the bridge that TEMPORAL_BUN_LIBRARY names, has it echo payloads of several sizes through Core's queue and back
 * into the event loop, and prints what it says of itself: one line of JSON.
 */
import { EchoThread, NativeQueue } from "../ts/src/native";
import { library } from "../ts/src/native/library";

const queue = NativeQueue.open();
const echo = new EchoThread();
// Inside an event, copied out of a batch, and too large for the drain buffer.
for (const size of [0, 16, 1000, 1 << 20]) {
  const sent = new Uint8Array(size).map((_, index) => index % 251);
  const { data } = await queue.call((token) => echo.post(queue, token, sent));
  if (!Bun.deepEquals(data, sent)) throw new Error(`${size} bytes were sent, and ${data.length} other bytes came back`);
}
echo.stop();
queue.close();

const report = new Uint8Array(1024);
const length = library().temporal_bun_abi(report, report.length);
console.log(new TextDecoder().decode(report.subarray(0, length)));
