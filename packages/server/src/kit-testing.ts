/** What a destination is tested with: docs/writing-a-destination.md. */
export * from "@pintle/kit/testing";
