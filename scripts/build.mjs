// npm run build: TypeScript, and what is made of the folders of destinations (lib/generated.mjs).
import { generated, generatedFirst, writeStale } from "./lib/generated.mjs";
import { build, checkNode, install, root } from "./lib/prepare.mjs";

checkNode();
install(root);
writeStale(root, generatedFirst(root));
build("packages/destinations");
writeStale(root, await generated(root));
build();
