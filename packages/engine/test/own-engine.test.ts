import { rfcSuite } from "../../../testkit/engine-rfc.ts";
import { engineSuite } from "../../../testkit/engine-suite.ts";
import { ownEngine } from "../src/index.ts";

engineSuite("own", () => ownEngine);
rfcSuite("own", () => ownEngine);
