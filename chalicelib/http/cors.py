"""The headers that a script of another origin may send: what its libraries add to each request.

A browser asks before it sends any other header than the usual ones, and forbids the whole request
when one of them is not named in the answer. Error trackers, tracing and retry libraries add theirs
to every request of a page, ours included (ADR 0042). The gateway's own answers name the same ones,
in infra/resources.yaml; a test compares the two.
"""

#: Chalice adds Content-Type and Authorization.
ALLOWED_HEADERS = (
    "Idempotency-Key",
    "X-Retry-Count",  # Segment's clients, from the second try on
    "AnonymousId",  # RudderStack's browser client
    "Cache-Control",
    "Content-Encoding",
    "Pragma",
    "X-CSRF-Token",
    "X-Requested-With",
    "X-XSRF-TOKEN",
    # W3C Trace Context and Baggage: OpenTelemetry and most others
    "baggage",
    "traceparent",
    "tracestate",
    # by vendor
    "correlation-context",  # Azure Application Insights
    "request-context",
    "request-id",
    "elastic-apm-traceparent",  # Elastic
    "newrelic",  # New Relic
    "x-newrelic-id",
    "x-newrelic-transaction",
    "sentry-trace",  # Sentry
    "uber-trace-id",  # Jaeger
    "b3",  # Zipkin
    "x-b3-flags",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-spanid",
    "x-b3-traceid",
    "x-amzn-trace-id",  # AWS X-Ray
    "x-cloud-trace-context",  # Google Cloud
    "x-correlation-id",
    "x-datadog-origin",  # Datadog
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "x-datadog-tags",
    "x-datadog-trace-id",
    "x-dtc",  # Dynatrace
    "x-dtpc",
    "x-dtreferer",
    "x-highlight-request",  # Highlight
    "x-instana-l",  # Instana
    "x-instana-s",
    "x-instana-t",
    "x-posthog-distinct-id",  # PostHog
    "x-posthog-session-id",
    "x-posthog-window-id",
    "x-request-id",
    "x-session-id",
)
