package emulator

import (
	"fmt"
	"net/http"
	"strconv"
	"time"
)

// reply is an answer before it is sent. Handlers return it as a value, so that a fault can be put
// between the effect and the answer.
type reply struct {
	status int
	header http.Header // besides the usual; may be nil
	body   []byte
	html   bool
}

// write sends the reply whole.
func (r reply) write(w http.ResponseWriter, now func() time.Time) {
	r.start(w, now)
	_, _ = w.Write(r.body) // a client that has gone is no concern of ours
}

// start sends the status line and the header of the reply.
func (r reply) start(w http.ResponseWriter, now func() time.Time) {
	h := w.Header()
	for name, values := range r.header {
		h[name] = values
	}
	h.Set("Date", now().UTC().Format(http.TimeFormat))
	if r.html {
		h.Set("Content-Type", "text/html; charset=utf-8")
	} else {
		h.Set(Header, "1")
		h.Set("Content-Type", "application/json")
	}
	if r.status != http.StatusNoContent {
		h.Set("Content-Length", strconv.Itoa(len(r.body)))
	}
	w.WriteHeader(r.status)
}

// cut sends the header and the first n bytes of the body, and then breaks the connection. A body
// that is no longer arrives whole.
func (r reply) cut(w http.ResponseWriter, now func() time.Time, n int) {
	if n >= len(r.body) && n > 0 {
		r.write(w, now)
		return
	}
	r.start(w, now)
	_, _ = w.Write(r.body[:n])
	_ = http.NewResponseController(w).Flush() // or the server would drop what it has buffered
	panic(http.ErrAbortHandler)
}

// jsonReply encodes v, which is plain data, as the body.
func jsonReply(status int, v any) reply {
	return reply{status: status, body: asJSON(v)}
}

// apiError is a refusal in LaunchDarkly's words; see the table of the reference, section 1.4.
type apiError struct {
	status  int
	code    string
	message string
	emails  []string // that the request may not have
}

// Error returns the message.
func (e *apiError) Error() string { return e.message }

// codes are the error codes that belong to each status.
var codes = map[int]string{
	400: "invalid_request", 401: "unauthorized", 403: "forbidden", 404: "not_found",
	405: "method_not_allowed", 409: "optimistic_locking_error", 413: "invalid_request",
	422: "patch_failed", 429: "rate_limited",
}

// refuse returns the refusal of that status, in the words given.
func refuse(status int, format string, args ...any) *apiError {
	code, known := codes[status]
	if !known {
		code = "internal_service_error"
	}
	return &apiError{status, code, fmt.Sprintf(format, args...), nil}
}

// The refusals whose words the specification gives.
var (
	errToken    = refuse(401, "Invalid access token")
	errNotFound = refuse(404, "Invalid resource identifier")
	errMethod   = refuse(405, "Method not allowed")
	errBody     = refuse(400, "Invalid request body")
	errLimited  = refuse(429, "You've exceeded the API rate limit. Try again later.")
)

const (
	deniedText   = "Forbidden. Access to the requested resource was denied."
	patchText    = "Unprocessable entity. Could not apply patch."
	conflictText = "Conflict. Optimistic lock error. Try again later."
)

// errorBody is the body of every refusal. The documentation promises the id, its schemas do not.
type errorBody struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	ID      string `json:"id"`
	// InvalidEmails are those that an invitation of members failed for.
	InvalidEmails []string `json:"invalid_emails,omitempty"`
}

// refusal turns an error into a reply. What is no refusal is our own failure: 500.
func refusal(err error, id string) reply {
	e, ok := err.(*apiError)
	if !ok {
		e = refuse(500, "%s", err)
	}
	return jsonReply(e.status, errorBody{e.code, e.message, id, e.emails})
}
