/**
 * How a text begins that a spreadsheet would run as a formula: a regular expression of JavaScript and of the engine
 * alike. Full-width signs count too, some spreadsheets take them for the plain ones.
 */
export const FORMULA = '^[=+@\\-\\t\\r\\n＝＋－＠]';
