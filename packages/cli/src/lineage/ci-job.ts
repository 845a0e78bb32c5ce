import type { Host } from "../host.ts";

/** The CI job that this is. */
export interface CiJob {
  readonly builder: string;
  readonly invocation?: string;
  /** What was checked out, where HEAD itself is detached. */
  readonly ref?: string;
}

/** The CI job by the variables that the CI sets: a claim, which a certificate can confirm. */
export function ciJob({ env }: Host): CiJob {
  const {
    GITHUB_SERVER_URL: server,
    GITHUB_WORKFLOW_REF: workflow,
    GITHUB_REPOSITORY: repository,
  } = env;
  if (env.GITHUB_ACTIONS && server && workflow && repository) {
    const run = `${server}/${repository}/actions/runs/${env.GITHUB_RUN_ID}/attempts/${env.GITHUB_RUN_ATTEMPT}`;
    return {
      builder: `${server}/${workflow}`,
      invocation: run,
      ...(env.GITHUB_REF && { ref: env.GITHUB_REF }),
    };
  }
  if (env.GITLAB_CI && env.CI_PROJECT_URL && env.CI_JOB_URL) {
    const ref = env.CI_MERGE_REQUEST_REF_PATH ?? gitlabRef(env.CI_COMMIT_TAG, env.CI_COMMIT_BRANCH);
    return {
      builder: `${env.CI_PROJECT_URL}//.gitlab-ci.yml`,
      invocation: env.CI_JOB_URL,
      ...(ref && { ref }),
    };
  }
  return { builder: "urn:mlsign:builder:local:v1" };
}

function gitlabRef(tag: string | undefined, branch: string | undefined): string | undefined {
  if (tag) return `refs/tags/${tag}`;
  return branch && `refs/heads/${branch}`;
}
