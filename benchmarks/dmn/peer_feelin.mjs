// Decides the benchmark's table with feelin: reads {rules, contexts, seconds} as JSON from standard input, writes
// {results, perSecond, cold}. feelin has no table engine, so rules are tried in order, cell by cell, as its users do.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import path from 'node:path';

const require = createRequire(path.join(process.argv[2], 'package.json'));
const { evaluate, unaryTest } = await import(pathToFileURL(require.resolve('feelin')).href);

const { rules, contexts, seconds } = JSON.parse(readFileSync(0, 'utf8'));
const value = (answer) => (answer !== null && typeof answer === 'object' && 'value' in answer ? answer.value : answer);

function decide(context) {
  const inputs = ['segment', 'amount', 'amount'].map((expression) => value(evaluate(expression, context)));
  for (const rule of rules) {
    let matched = true;
    for (let column = 0; column < 3 && matched; column++) {
      matched = value(unaryTest(rule[column], { ...context, '?': inputs[column] })) === true;
    }
    if (matched) {
      return { list: value(evaluate(rule[3], context)), discount: value(evaluate(rule[4], context)) };
    }
  }
  return null;
}

const results = contexts.slice(0, 20).map(decide);
const started = process.hrtime.bigint();
let count = 0;
while (Number(process.hrtime.bigint() - started) < seconds * 1e9) {
  decide(contexts[count % contexts.length]);
  count++;
}
const perSecond = count / (Number(process.hrtime.bigint() - started) / 1e9);
process.stdout.write(JSON.stringify({ results, perSecond }));
