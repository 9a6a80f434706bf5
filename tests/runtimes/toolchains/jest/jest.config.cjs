module.exports = {
  projects: [
    { displayName: "ts-jest", testMatch: ["**/typed.test.ts"], transform: { "\\.ts$": ["ts-jest", {}] } },
    { displayName: "swc", testMatch: ["**/typed.test.ts"], transform: { "\\.ts$": "@swc/jest" } },
  ],
};
