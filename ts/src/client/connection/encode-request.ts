import { json } from "../../proto/message-class";
import type { Rpc } from "../../proto/rpc";

// Loaded late: it has the fields of all messages.
const reflection = () => require("../../proto/reflection") as typeof import("../../proto/reflection");

json.write = (fullName, message) => reflection().writeJson(fullName, message);

/**
 * The bytes of a request.
 *
 * @param service its full name
 * @throws TypeError naming the field that has a value of another type
 */
export function encodeRequest<Request>(service: string, rpc: Rpc<Request, unknown>, request: Request): Uint8Array {
  try {
    return rpc.request.encode(request).finish();
  } catch (error) {
    throw reflection().explain(`${service.slice(0, service.lastIndexOf("."))}.${rpc.name}Request`, request, error);
  }
}
