/**
 * For tests that start programs which load the bridge, instead of loading it themselves: without one they fail at once,
 * saying what to do, and `scripts/unit.ts` sees that they are no unit tests.
 */
import { locateLibrary } from "../../src/native/locate";

locateLibrary();
