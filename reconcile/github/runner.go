package github

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/rolewright/rolewright/reconcile/internal/pattern"
)

// SummaryLimit is how many bytes GITHUB_STEP_SUMMARY may hold when the step ends, what was in it
// before included: 1 MiB. The runner drops the whole file above that.
const SummaryLimit = 1 << 20

// summaryMargin is left free, so that another command of the same step can still say something.
const summaryMargin = SummaryLimit - 1_000_000

// Output is one value for later steps of the job. Values are counts and digests; a plan or anything
// else that a role's author can write does not belong into one.
type Output struct{ Name, Value string }

var outputName = pattern.Lazy(`^[A-Za-z_][A-Za-z0-9_-]{0,99}$`)

// WriteOutputs writes outputs in the form of the file GITHUB_OUTPUT, all or nothing. Each has a
// delimiter of 128 random bits, since a value that holds the delimiter could forge other outputs.
func WriteOutputs(w io.Writer, rand io.Reader, outputs []Output) error {
	var b strings.Builder
	seen := map[string]bool{}
	for _, o := range outputs {
		if !outputName().MatchString(o.Name) {
			return fmt.Errorf("output %s is not a name: use letters, digits, - and _", quote(o.Name))
		}
		if seen[strings.ToLower(o.Name)] {
			return fmt.Errorf("output %q is there twice", o.Name)
		}
		seen[strings.ToLower(o.Name)] = true
		delimiter, err := randomName(rand)
		if err != nil {
			return err
		}
		if strings.Contains(o.Value, delimiter) {
			return fmt.Errorf("the value of output %q holds the delimiter that was drawn for it", o.Name)
		}
		fmt.Fprintf(&b, "%s<<%s\n%s\n%s\n", o.Name, delimiter, o.Value, delimiter)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func randomName(rand io.Reader) (string, error) {
	var bits [16]byte
	if _, err := io.ReadFull(rand, bits[:]); err != nil {
		return "", fmt.Errorf("draw a random delimiter: %w", err)
	}
	return "rolewright_" + hex.EncodeToString(bits[:]), nil
}

// Mask tells the runner to hide a secret in its logs, each line by itself, since the runner looks at
// one line at a time. Nothing is written for "".
func Mask(w io.Writer, secret string) error {
	var b strings.Builder
	for line := range strings.FieldsFuncSeq(secret, func(r rune) bool { return r == '\n' || r == '\r' }) {
		if strings.TrimSpace(line) != "" {
			b.WriteString("::add-mask::" + strings.ReplaceAll(line, "%", "%25") + "\n")
		}
	}
	if b.Len() == 0 {
		return nil
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// StopCommands makes the runner print what follows and not obey it, until resume is called. The word
// that ends it is random, so that nothing printed in between can.
func StopCommands(w io.Writer, rand io.Reader) (resume func() error, err error) {
	word, err := randomName(rand)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(w, "::stop-commands::"+word+"\n"); err != nil {
		return nil, err
	}
	return func() error {
		_, err := io.WriteString(w, "::"+word+"::\n")
		return err
	}, nil
}

// ErrSummaryFull is returned by WriteSummary if the text does not fit. Nothing was written then.
var ErrSummaryFull = errors.New("the job summary has no room left for it: GitHub drops the whole summary above 1 MiB")

// WriteSummary appends to the file GITHUB_STEP_SUMMARY, which holds existing bytes already. Render
// draws the text in at most so many bytes.
func WriteSummary(w io.Writer, existing int64, render func(budget int) string) error {
	room := max(0, SummaryLimit-summaryMargin-existing)
	text := render(int(room))
	if !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	if existing > 0 {
		text = "\n" + text // what is there may not end its line
	}
	if existing+int64(len(text)) > SummaryLimit {
		return ErrSummaryFull
	}
	_, err := io.WriteString(w, text)
	return err
}
