#!/bin/sh
# Install the foreign FHIR tools of the slow tests into tests/fhir_gateway/npm/node_modules (ignored by git).
# Does nothing when they are there already for this package.json. Needs node and npm.
set -eu
cd "$(dirname "$0")/../tests/fhir_gateway/npm"
stamp=node_modules/.installed-for
# test workers run this at the same time
mkdir -p node_modules
exec 9>node_modules/.install-lock
flock 9
if [ -f "$stamp" ] && cmp -s package.json "$stamp"; then
    exit 0
fi
npm install --no-package-lock --no-audit --no-fund --ignore-scripts --silent
cp package.json "$stamp"
