package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Kind is what a fault does to a request. "Before" means that the account stays as it is, "after"
// that the request takes effect and only its answer is spoiled.
type Kind string

// The kinds of faults.
const (
	Latency         Kind = "latency"         // waits for Delay, then answers
	LimitRetryAfter Kind = "429-retry-after" // 429 before, with Retry-After: Value (seconds; "1")
	LimitReset      Kind = "429-reset"       // 429 before, with X-Ratelimit-Reset: Value (now + 1 s)
	LimitNone       Kind = "429-none"        // 429 before, with neither header
	StatusBefore    Kind = "before"          // Status (400 to 599) before
	StatusAfter     Kind = "after"           // Status (400 to 599) after
	CutBefore       Kind = "cut-before"      // breaks the connection before
	CutAfter        Kind = "cut-after"       // breaks the connection after, no byte of the answer sent
	Truncate        Kind = "truncate"        // after; breaks the connection amid the body
	HTML            Kind = "html"            // before; 200 with a web page, as a captive portal does
	Redirect        Kind = "redirect"        // before; Status (301 to 308; 302) to Value
	Twice           Kind = "twice"           // delivers the request twice and answers the second
)

// kinds lists the kinds as [ParseFault] reads them, for messages.
const kinds = "latency=TIME, 429, 429-retry-after, 429-reset, 429-none, NNN-before, NNN-after, cut-before, cut-after, " +
	"truncate, html, redirect or twice"

// Fault is something that goes wrong, and with which requests.
type Fault struct {
	// Method and Path select the requests; empty selects all. Path is the beginning of a path.
	Method, Path string
	// First and Last choose among the selected requests, counted from 1 on in the order of
	// arrival. 0 and 0 choose all, a Last of 0 all from First on.
	First, Last int

	Kind   Kind
	Status int
	// Value is a header's value, verbatim; for 429-reset also a time from now ("+2s", "-5s"),
	// sent in epoch milliseconds. For a redirect it is the address ("/login").
	Value string
	// Delay is how long Latency waits.
	Delay time.Duration
	// Bytes is how much of the body Truncate lets through; 0 means half.
	Bytes int
}

// ParseFault reads a fault of the form WHICH:WHAT.
//
// WHICH is any of a method, the beginning of a path and a number N, N-M or N-, in that order and
// with blanks between; or "*" for every request. WHAT is one of latency=TIME, 429,
// 429-retry-after[=VALUE], 429-reset[=VALUE], 429-none, NNN-before, NNN-after, cut-before,
// cut-after, truncate[=BYTES], html, redirect[=URL], 3NN-redirect[=URL] and twice.
//
// "3:cut-after" breaks the third request after its effect, "PATCH /api/v2/roles 1:503-before" the
// first PATCH below that path before it has any.
func ParseFault(text string) (Fault, error) {
	which, what, ok := strings.Cut(text, ":")
	if !ok {
		return Fault{}, fmt.Errorf("fault %q: want WHICH:WHAT, for example \"3:cut-after\"", text)
	}
	var f Fault
	if err := f.parseWhich(which); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	if err := f.parseWhat(what); err != nil {
		return Fault{}, fmt.Errorf("fault %q: %w", text, err)
	}
	return f, nil
}

func (f *Fault) parseWhich(text string) error {
	words := strings.Fields(text)
	if len(words) == 0 {
		return fmt.Errorf("no requests named (use * for all)")
	}
	if len(words) == 1 && words[0] == "*" {
		return nil
	}
	words = take(words, &f.Method, func(s string) bool { return s[0] >= 'A' && s[0] <= 'Z' && strings.ToUpper(s) == s })
	words = take(words, &f.Path, func(s string) bool { return s[0] == '/' })
	if len(words) == 0 {
		return nil
	}
	if len(words) > 1 {
		return fmt.Errorf("%q: want a method, then a path, then a number", text)
	}
	return f.parseRange(words[0])
}

// take moves the first word to target if it has the form.
func take(words []string, target *string, form func(string) bool) []string {
	if len(words) == 0 || !form(words[0]) {
		return words
	}
	*target = words[0]
	return words[1:]
}

func (f *Fault) parseRange(text string) error {
	from, to, isRange := strings.Cut(text, "-")
	first, err := strconv.ParseUint(from, 10, 31)
	if err != nil || first == 0 {
		return fmt.Errorf("%q is not a number from 1 on", text)
	}
	f.First, f.Last = int(first), int(first)
	if !isRange {
		return nil
	}
	f.Last = 0
	if to == "" {
		return nil
	}
	last, err := strconv.ParseUint(to, 10, 31)
	if err != nil || last < first {
		return fmt.Errorf("%q is not a range", text)
	}
	f.Last = int(last)
	return nil
}

func (f *Fault) parseWhat(text string) error {
	word, value, hasValue := strings.Cut(text, "=")
	if status, rest, ok := strings.Cut(word, "-"); ok && len(status) == 3 && status != "429" {
		if n, err := strconv.Atoi(status); err == nil {
			f.Status, word = n, rest
		}
	}
	f.Kind = Kind(word)
	if word == "429" {
		f.Kind = LimitRetryAfter
	}
	if err := f.parseValue(value, hasValue); err != nil {
		return err
	}
	return f.check()
}

func (f *Fault) parseValue(value string, given bool) (err error) {
	switch f.Kind {
	case Latency:
		f.Delay, err = time.ParseDuration(value)
	case Truncate:
		if given {
			f.Bytes, err = strconv.Atoi(value)
		}
	case LimitRetryAfter, LimitReset, Redirect:
		f.Value = value
	default:
		if given {
			err = fmt.Errorf("%s takes no value", f.Kind)
		}
	}
	return err
}

// check fills in defaults and refuses what makes no sense.
func (f *Fault) check() error {
	low, high := 0, 0
	switch f.Kind {
	case StatusBefore, StatusAfter:
		low, high = 400, 599
	case Redirect:
		low, high = 301, 308
		f.Status = cmp.Or(f.Status, http.StatusFound)
		f.Value = cmp.Or(f.Value, "/login")
	case Latency, LimitRetryAfter, LimitReset, LimitNone, CutBefore, CutAfter, Truncate, HTML, Twice:
	default:
		return fmt.Errorf("%q is no kind of fault (want %s)", f.Kind, kinds)
	}
	if f.Status < low || f.Status > high {
		return fmt.Errorf("status %d does not go with %s", f.Status, f.Kind)
	}
	if f.Delay < 0 || f.Bytes < 0 {
		return fmt.Errorf("the value of %s is below zero", f.Kind)
	}
	return nil
}

// String writes the fault in the form that [ParseFault] reads.
func (f Fault) String() string { return f.which() + ":" + f.what() }

func (f Fault) which() string {
	var words []string
	for _, w := range []string{f.Method, f.Path} {
		if w != "" {
			words = append(words, w)
		}
	}
	switch {
	case f.First == 0 && f.Last == 0:
	case f.Last == 0:
		words = append(words, fmt.Sprintf("%d-", f.First))
	case f.First == f.Last:
		words = append(words, strconv.Itoa(f.First))
	default:
		words = append(words, fmt.Sprintf("%d-%d", max(f.First, 1), f.Last))
	}
	return cmp.Or(strings.Join(words, " "), "*")
}

func (f Fault) what() string {
	text := string(f.Kind)
	if f.Status != 0 {
		text = fmt.Sprintf("%d-%s", f.Status, f.Kind)
	}
	switch {
	case f.Kind == Latency:
		return text + "=" + f.Delay.String()
	case f.Bytes != 0:
		return text + "=" + strconv.Itoa(f.Bytes)
	case f.Value != "":
		return text + "=" + f.Value
	}
	return text
}

func (f Fault) selects(r *http.Request) bool {
	return (f.Method == "" || f.Method == r.Method) && strings.HasPrefix(r.URL.Path, f.Path)
}

// armedFault counts the requests that its fault selects.
type armedFault struct {
	Fault
	seen int
}

func arm(faults []Fault) ([]armedFault, error) {
	armed := make([]armedFault, len(faults))
	for i, f := range faults {
		if err := f.check(); err != nil {
			return nil, fmt.Errorf("fault %q: %w", f, err)
		}
		armed[i].Fault = f
	}
	return armed, nil
}

// injection is what goes wrong with one request.
type injection struct {
	Fault
	name  string
	delay time.Duration
}

// dueFaults counts r with each fault that selects it, adds up the delays that are due and picks
// the first other fault.
func dueFaults(faults []armedFault, r *http.Request) injection {
	var due injection
	for i := range faults {
		f := &faults[i]
		if !f.selects(r) {
			continue
		}
		f.seen++
		if f.seen < f.First || (f.Last > 0 && f.seen > f.Last) {
			continue
		}
		if f.Kind == Latency {
			due.delay += f.Delay
		} else if due.Kind == "" {
			due.Fault, due.name = f.Fault, f.String()
		}
	}
	return due
}

// serve sends what answer returns, spoiled as the fault wants it. answer has the request's effect.
func (f injection) serve(w http.ResponseWriter, now func() time.Time, answer func() reply) {
	switch f.Kind {
	case CutBefore:
		panic(http.ErrAbortHandler)
	case CutAfter:
		answer()
		panic(http.ErrAbortHandler)
	case Truncate:
		r := answer()
		r.cut(w, now, cmp.Or(f.Bytes, len(r.body)/2))
	case StatusAfter:
		answer()
		f.refuse().write(w, now)
	case Twice:
		answer()
		answer().write(w, now)
	case "":
		answer().write(w, now)
	default:
		f.instead(now()).write(w, now)
	}
}

// instead is the reply of the faults that keep a request from having an effect.
func (f injection) instead(now time.Time) reply {
	switch f.Kind {
	case HTML:
		return reply{status: http.StatusOK, html: true, body: []byte("<!doctype html><title>Sign in</title><p>Sign in to this network.</p>\n")}
	case Redirect:
		return reply{status: f.Status, html: true, header: http.Header{"Location": {f.Value}}}
	case StatusBefore:
		return f.refuse()
	}
	r := refusal(errLimited, injectedID)
	switch f.Kind {
	case LimitRetryAfter:
		r.header = http.Header{"Retry-After": {cmp.Or(f.Value, "1")}}
	case LimitReset:
		r.header = http.Header{resetHeader: {f.reset(now)}}
	}
	return r
}

// injectedID stands in the error bodies of injected faults.
const injectedID = "injected"

func (f injection) refuse() reply {
	return refusal(refuse(f.Status, "%s (injected)", http.StatusText(f.Status)), injectedID)
}

func (f injection) reset(now time.Time) string {
	value := cmp.Or(f.Value, "+1s")
	if value[0] != '+' && value[0] != '-' {
		return value
	}
	d, err := time.ParseDuration(value)
	if err != nil {
		return value
	}
	return millis(now.Add(d))
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
