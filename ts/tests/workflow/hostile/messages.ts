/** What is sent to the Workflows of rows. */
import { type Job, signal, update } from "../support";

/** The query `ask`. */
export const asked: Job[][] = [[{ queryWorkflow: { queryId: "q", queryType: "ask" } }]];
/** The signal `tell`. */
export const told: Job[][] = [[signal("tell")]];
/** The update `change`. */
export const updated: Job[][] = [[update("change", "u")]];
