#!/bin/sh
# Install the independent FHIR validators of the slow tests into tests/fhir_gateway/npm/node_modules (ignored by git).
# Does nothing when they are there already for this package.json. Needs node and npm.
set -eu
cd "$(dirname "$0")/../tests/fhir_gateway/npm"
stamp=node_modules/.installed-for
if [ -f "$stamp" ] && cmp -s package.json "$stamp"; then
    exit 0
fi
npm install --no-package-lock --no-audit --no-fund --ignore-scripts --silent
cp package.json "$stamp"
