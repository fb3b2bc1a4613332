import { App } from "aws-cdk-lib";
import { ClosingStack } from "./stack.ts";

const app = new App();
new ClosingStack(app, "Closing");
app.synth();
