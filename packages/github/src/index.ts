export { type ClientOptions, type GithubClient, githubClient } from "./client.ts";
export { type Review, type Run } from "./run.ts";
