/** All rows, by table. */
import { globals } from "./leftovers-globals";
import { language } from "./leftovers-language";
import { platform } from "./leftovers-platform";
import { prototypes } from "./leftovers-prototypes";
import { sdk } from "./leftovers-sdk";
import { statics } from "./leftovers-statics";
import { unnoticed } from "./leftovers-unnoticed";
import type { Leftover, Sight, Stopper } from "./rows";
import { chance } from "./sights-chance";
import { clocks } from "./sights-clocks";
import { collector } from "./sights-collector";
import { places } from "./sights-places";
import { waysOut } from "./sights-ways-out";
import { endless } from "./stoppers-endless";
import { thrownAnywhere } from "./stoppers-thrown";

/** Ways to leave something behind for other runs. */
export const leftovers: readonly Leftover[] = [
  ...prototypes,
  ...statics,
  ...language,
  ...unnoticed,
  ...globals,
  ...platform,
  ...sdk,
];
/** Ways to see something that another run of the same code would not see. */
export const sights: readonly Sight[] = [...clocks, ...chance, ...collector, ...places, ...waysOut];
/** Ways to end or stop a Workflow, its thread or its Worker. */
export const stoppers: readonly Stopper[] = [...thrownAnywhere, ...endless];
