import { inMemoryGround } from "../support/worlds.ts";
import { contract } from "./contract.ts";

contract("the in-memory store", async () => inMemoryGround());
