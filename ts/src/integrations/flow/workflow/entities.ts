import { POLL_TYPE, STATE_TYPE } from "../plan";
import { carryEvent } from "./event";
import { EVENT_WORKFLOW, HUB_WORKFLOW } from "./event-messages";
import { runHub } from "./hub";
import { poll } from "./poll";
import { sharedState } from "./shared-state";

/**
 * Workflows that belong to all flows and interpret none: each keeps something that many runs share. Their types begin
 * with `flow.`, which no flow's id can.
 */
export const entities: Readonly<Record<string, (...args: any[]) => Promise<unknown>>> = {
  [EVENT_WORKFLOW]: carryEvent,
  [HUB_WORKFLOW]: runHub,
  [POLL_TYPE]: poll,
  [STATE_TYPE]: sharedState,
};
