#!/usr/bin/env bash
# The Teams channel's cards under Microsoft's own library for Adaptive Cards (npm: adaptivecards, MIT), at the version that the cards say.
# It comes from the npm registry into a scratch folder; where that can't be had, nothing is checked, it is said, and the exit code is 0.
# Exit code 1: the library finds a fault in a card, loses an element of it, or takes what it must not.
#   test/peers/adaptive-card.sh
set -uo pipefail
cd "$(dirname "$0")/../.."

readonly PACKAGE='adaptivecards@3.0.6'

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
if ! (cd "$scratch" && timeout 120 npm pack --silent "$PACKAGE" >/dev/null 2>npm.log && tar xzf ./*.tgz); then
  printf 'Cards were NOT checked: npm could not get %s: %s\n' "$PACKAGE" "$(tail -n 1 "$scratch/npm.log")"
  exit 0
fi

npx --no-install tsc -p test/peers/tsconfig.json || exit 1
node out/peers/test/peers/teams-cards.js "$scratch/cards.jsonl" || exit 1

# The package's bundle is CommonJS.
node --input-type=commonjs - "$scratch/package/dist/adaptivecards.js" "$scratch/cards.jsonl" <<'JAVASCRIPT'
const { readFileSync } = require('node:fs');
const [, , library, path] = process.argv;
const { AdaptiveCard, SerializationContext, Version } = require(library);

/** What the library dislikes, and elements that it did not take. */
function faults(card) {
  const context = new SerializationContext(Version.parse(card.version, new SerializationContext()));
  const parsed = new AdaptiveCard();
  parsed.parse(card, context);
  const found = parsed.validateProperties().validationEvents.map(({ message }) => message);
  for (let index = 0; index < context.eventCount; index += 1) found.push(context.getEventAt(index).message);
  if (parsed.getItemCount() !== card.body.length) found.push(`${card.body.length - parsed.getItemCount()} elements were lost`);
  const kept = parsed.toJSON(new SerializationContext(Version.parse(card.version, new SerializationContext())));
  const texts = (body) => body.flatMap(({ inlines = [] }) => inlines.map((run) => (typeof run === 'string' ? run : run.text)));
  if (JSON.stringify(texts(kept.body)) !== JSON.stringify(texts(card.body))) found.push('a text was changed');
  return found;
}

const cards = readFileSync(path, 'utf8').trimEnd().split('\n').map((line) => JSON.parse(line));
let wrong = 0;
for (const [index, card] of cards.entries()) {
  for (const fault of faults(card)) {
    wrong += 1;
    console.log(`card ${index + 1}: ${fault}`);
  }
}

// What must be found, so that a check that takes everything is found out.
const changed = (change) => {
  const card = structuredClone(cards[0]);
  change(card);
  return card;
};
const bad = {
  'a colour that there is not': changed((card) => { card.body[0].inlines[0].color = 'Pink'; }),
  'an element that there is not': changed((card) => { card.body[0].type = 'Nope'; }),
  'a version that there is not': changed((card) => { card.version = '9.9'; }),
  'a link to nowhere': changed((card) => { delete card.actions[0].url; }),
};
for (const [name, card] of Object.entries(bad)) {
  if (faults(card).length > 0) continue;
  wrong += 1;
  console.log(`taken, and must not be: ${name}`);
}
console.log(`Adaptive Cards ${cards[0].version}: ${cards.length} cards, ${Object.keys(bad).length} counterexamples, ${wrong} faults`);
process.exitCode = wrong === 0 ? 0 : 1;
JAVASCRIPT
