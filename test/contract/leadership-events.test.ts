import { startEngine } from "../../local/engine.ts";
import { leadershipEvents } from "./leadership-events.ts";

leadershipEvents("the embedded engine", () => startEngine());
