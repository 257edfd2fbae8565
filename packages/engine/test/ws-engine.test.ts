import { engineSuite } from "../../../testkit/engine-suite.ts";
import { wsEngine } from "../src/index.ts";

engineSuite("ws", () => wsEngine);
