//! What AWS says, as a store's error: the one place where that is decided.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::SdkError;
use aws_smithy_types::error::metadata::ProvideErrorMetadata;
use retro_store::StoreError;

/// What was being done, and with what: "reading a job", "the table jobs".
#[derive(Clone, Copy, Debug)]
pub(crate) struct Doing<'a> {
    pub(crate) what: &'a str,
    pub(crate) place: &'a str,
}

/// Codes by which a service says: later. Those with a status of 429 or 5xx need no
/// mention; 501 is for good.
const LATER: &[&str] = &[
    "BandwidthLimitExceeded",
    "ConditionalRequestConflict",
    "ExecutionLimitExceeded",
    "InternalError",
    "InternalFailure",
    "InternalServerError",
    "LimitExceededException",
    "OperationAborted",
    "OverLimit",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "RequestTimeout",
    "RequestTimeoutException",
    "ServiceUnavailable",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionConflictException",
    "TransactionInProgressException",
];

/// What to do next about an answer that repeating does not change.
fn next_step(code: &str) -> &'static str {
    match code {
        "AccessDenied" | "AccessDeniedException" | "AllAccessDisabled" | "403" => {
            "; the credentials lack a permission for this: see the roles in docs/aws.md"
        }
        "ExpiredToken" | "ExpiredTokenException" | "RequestExpired" => {
            "; the credentials have run out: sign in again"
        }
        "InvalidAccessKeyId"
        | "InvalidClientTokenId"
        | "InvalidSignatureException"
        | "SignatureDoesNotMatch"
        | "UnrecognizedClientException" => {
            "; the credentials are not of this account or region: check the profile"
        }
        "RequestTimeTooSkewed" => "; this machine's clock is wrong: set it",
        "NoSuchBucket"
        | "PermanentRedirect"
        | "ResourceNotFoundException"
        | "StateMachineDoesNotExist"
        | "AWS.SimpleQueueService.NonExistentQueue"
        | "QueueDoesNotExist" => "; check its name and the region, or create the stack first",
        "KMSAccessDeniedException" => "; the role may not use the key that it is encrypted with",
        _ => "",
    }
}

/// The store's error for an answer of AWS that has no meaning of its own to the caller.
pub(crate) fn from_sdk<E>(error: &SdkError<E, HttpResponse>, doing: Doing<'_>) -> StoreError
where
    E: ProvideErrorMetadata + Error + Send + Sync + 'static,
{
    let Doing { what, place } = doing;
    let detail = chain(error);
    let unavailable = |why: String| StoreError::Unavailable {
        why: format!("{what} in {place}: {why}"),
    };
    match error {
        SdkError::ServiceError(answer) => {
            let status = answer.raw().status().as_u16();
            let code = answer.err().code().unwrap_or_default();
            let code = if code.is_empty() {
                status.to_string()
            } else {
                code.to_owned()
            };
            let message = answer.err().message().unwrap_or("it said nothing more");
            let is_later = matches!(status, 408 | 429 | 500 | 502..);
            if is_later || LATER.contains(&code.as_str()) {
                return unavailable(format!("{code}: {message}"));
            }
            let next = next_step(&code);
            StoreError::backend(
                format!("{what} in {place}"),
                format!("{code}: {message}{next}"),
            )
        }
        SdkError::TimeoutError(_) => unavailable(format!("no answer in time: {detail}")),
        SdkError::ResponseError(_) => unavailable(format!("the answer broke off: {detail}")),
        other if lacks_credentials(other) => StoreError::backend(
            format!("{what} in {place}"),
            format!(
                "no credentials: sign in, name a profile, or set AWS_ACCESS_KEY_ID and \
                 AWS_SECRET_ACCESS_KEY ({detail})"
            ),
        ),
        SdkError::DispatchFailure(failure) if !failure.is_user() => {
            unavailable(format!("it is out of reach: {detail}"))
        }
        _ => StoreError::backend(format!("{what} in {place}"), detail),
    }
}

/// An error and what is behind it, as people read it.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let text = cause.to_string();
        if !said.ends_with(&text) {
            said = format!("{said}: {text}");
        }
        next = cause.source();
    }
    said
}

/// The HTTP status of the answer, when there was one.
#[cfg(feature = "s3")]
pub(crate) fn status<E>(error: &SdkError<E, HttpResponse>) -> Option<u16> {
    error
        .raw_response()
        .map(|response| response.status().as_u16())
}

/// The code of a service's error.
#[cfg(any(feature = "s3", feature = "sqs"))]
pub(crate) fn code<E: ProvideErrorMetadata>(error: &SdkError<E, HttpResponse>) -> Option<&str> {
    error
        .as_service_error()
        .and_then(ProvideErrorMetadata::code)
}

fn lacks_credentials(error: &(dyn Error + 'static)) -> bool {
    let mut next = Some(error);
    while let Some(error) = next {
        if error.is::<CredentialsError>() {
            return true;
        }
        next = error.source();
    }
    false
}
