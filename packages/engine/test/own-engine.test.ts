import { clientSuite } from "../../../testkit/engine-client.ts";
import { compressionSuite } from "../../../testkit/engine-compression.ts";
import { piecesSuite } from "../../../testkit/engine-pieces.ts";
import { rfcSuite } from "../../../testkit/engine-rfc.ts";
import { engineSuite } from "../../../testkit/engine-suite.ts";
import { ownEngine, wsEngine } from "../src/index.ts";

engineSuite("own", () => ownEngine);
rfcSuite("own", () => ownEngine);
compressionSuite("own", () => ownEngine);
piecesSuite("own", { makeEngine: () => ownEngine, isSecure: false });
piecesSuite("own over TLS", { makeEngine: () => ownEngine, isSecure: true });
clientSuite("own", () => ownEngine, { own: ownEngine, ws: wsEngine });
