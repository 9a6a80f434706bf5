/** What it takes to write a destination: docs/writing-a-destination.md. */
export * from "@pintle/kit";
