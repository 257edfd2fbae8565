/**
 * The part of the Standard Schema interface (version 1, https://standardschema.dev) that is used here, so that zod,
 * valibot, arktype and others fit without a dependency.
 */
export interface StandardSchema<Output = unknown> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: unknown; readonly output: Output } | undefined;
  };
}

/** What a schema answers: the value as it shall be used, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** One complaint of a schema, with the place in the value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** Says where and what: `user.name: expected a string; …`. */
export function describeIssues(issues: readonly SchemaIssue[]): string {
  const keyOf = (step: PropertyKey | { readonly key: PropertyKey }): PropertyKey => (typeof step === "object" ? step.key : step);
  return issues.map(({ path, message }) => (path ? `${path.map(keyOf).join(".")}: ${message}` : message)).join("; ");
}
