/**
 * Stands for `proto/message-class` in a realm: messages are plain objects there. What runs share must be locked, and a
 * locked prototype would make reading every message slow.
 */

export const BYTES = undefined;
export const LIST = undefined;
export const MAP = undefined;
export const INT64 = undefined;
export const UINT64 = undefined;

export function isMessage(): boolean {
  return false;
}

export function messageClass(): new () => object {
  return Object;
}
