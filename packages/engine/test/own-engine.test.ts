import { clientSuite } from "../../../testkit/engine-client.ts";
import { compressionSuite } from "../../../testkit/engine-compression.ts";
import { rfcSuite } from "../../../testkit/engine-rfc.ts";
import { engineSuite } from "../../../testkit/engine-suite.ts";
import { ownEngine, wsEngine } from "../src/index.ts";

engineSuite("own", () => ownEngine);
rfcSuite("own", () => ownEngine);
compressionSuite("own", () => ownEngine);
clientSuite("own", () => ownEngine, { own: ownEngine, ws: wsEngine });
