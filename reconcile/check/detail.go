package check

import "strings"

// Detail says what is behind a failed assertion, line by line: a counterexample, the statements
// that it rests on, and an edit that would help.
func (r Result) Detail() (lines []string) {
	if line := r.example(); line != "" {
		lines = append(lines, line)
	}
	for _, i := range r.Involved {
		line := i.Text
		if i.Pos.File != "" {
			line = i.Pos.String() + ": " + line
		}
		lines = append(lines, line)
	}
	if r.Fix != nil {
		lines = append(lines, "this would help: "+r.Fix.String())
	}
	return lines
}

// example says which request fails, unless the message has it, for whom and with which attributes.
func (r Result) example() string {
	if r.Counterexample == "" {
		return ""
	}
	parts := []string{}
	if !strings.Contains(r.Message, r.Counterexample) {
		parts = append(parts, "for example "+r.Counterexample)
	}
	for _, more := range []struct{ lead, text string }{{"by ", r.Who}, {"where ", r.Where}} {
		if more.text != "" && more.text != r.Subject && !strings.Contains(r.Message, more.text) {
			parts = append(parts, more.lead+more.text)
		}
	}
	return strings.Join(parts, " ")
}

// String says what to edit, where, and what else the edit would do.
func (f Fix) String() string {
	text := f.Text
	if f.Pos.File != "" {
		text = f.Pos.String() + ": " + text
	}
	if len(f.Also) > 0 {
		text += "; then " + strings.Join(f.Also, ", and ")
	}
	return text
}
