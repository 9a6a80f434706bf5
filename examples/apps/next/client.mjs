// One client for the whole server.
import { Pintle } from "@pintle/sdk";

const { WRITE_KEY = "", DATA_PLANE_URL = "http://127.0.0.1:8080" } = process.env;

export const client = new Pintle(WRITE_KEY || "build", DATA_PLANE_URL);
