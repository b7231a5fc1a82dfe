import { POLL_TYPE, STATE_TYPE } from "../plan";
import { runCollector } from "./collector";
import { carryEvent } from "./event";
import { EVENT_WORKFLOW, HUB_WORKFLOW } from "./event-messages";
import { runGate } from "./gate";
import { COLLECTOR_WORKFLOW, GATE_WORKFLOW } from "./gate-messages";
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
  [STATE_TYPE]: sharedState,
  [COLLECTOR_WORKFLOW]: runCollector,
  [GATE_WORKFLOW]: runGate,
  [POLL_TYPE]: poll,
};
