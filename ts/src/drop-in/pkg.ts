/** Stands for `lib/pkg` of the official packages, by which programs tell what they run on. */

import { name, version } from "../../package.json" with { type: "json" };

export default { name, version };
