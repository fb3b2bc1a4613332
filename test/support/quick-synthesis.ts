/**
 * Imported for its effect: the CDK leaves out its check of each template against CloudFormation's rules, which takes five seconds of a
 * processor in each process. The reference app's templates are checked, and what is in them with them.
 */
process.env["CDK_VALIDATION"] = "false";
