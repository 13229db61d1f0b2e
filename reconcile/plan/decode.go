package plan

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
)

// MaxFile is the size, in bytes, up to which a plan file is read.
const MaxFile = 64 << 20

// Decode reads a plan file, trusting nothing in it: whatever can be worked out from the rest is
// worked out again and must be the same. A file that is not a plan, or one of another version, is
// a *FormatError; a plan that contradicts itself is an *AlteredError.
//
// What it returns is a plan that Encode could have written, and Encode gives back the same bytes.
// Whether it may be applied is for [Plan.Appliable], [Plan.CheckAge] and [Plan.Same] to say.
func Decode(data []byte) (*Plan, error) {
	if err := checkForm(data); err != nil {
		return nil, err
	}
	p := &Plan{}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.DisallowUnknownFields()
	if err := dec.Decode(p); err != nil {
		return nil, &FormatError{Reason: decodeReason(err)}
	}
	p.fill()
	p.compact()
	if reason := p.contradiction(data); reason != "" {
		return nil, &AlteredError{reason}
	}
	return p, nil
}

// decodeReason says what the decoder found in the words of the file, not of the program.
func decodeReason(err error) string {
	var wrong *json.UnmarshalTypeError
	if errors.As(err, &wrong) {
		return fmt.Sprintf("%s holds a %s", wrong.Field, wrong.Value)
	}
	return strings.TrimPrefix(err.Error(), "json: ")
}

// checkForm refuses what is not one JSON object of our format version.
func checkForm(data []byte) error {
	if len(data) > MaxFile {
		return &FormatError{Reason: fmt.Sprintf("it is larger than %d MiB", MaxFile>>20)}
	}
	if !json.Valid(data) {
		return &FormatError{Reason: "it is not JSON, or more than one value"}
	}
	var head struct{ FormatVersion *string }
	err := json.Unmarshal(data, &head)
	switch {
	case err != nil || head.FormatVersion == nil:
		return &FormatError{Reason: "it is not an object with a formatVersion"}
	case *head.FormatVersion != FormatVersion:
		return &FormatError{
			Reason: fmt.Sprintf("its formatVersion is %q, this program reads %q", *head.FormatVersion, FormatVersion),
			Hint:   "make the plan and apply it with the same version of rolewright",
		}
	}
	return nil
}

// compact removes the white space that indenting put into values kept as JSON.
func (p *Plan) compact() {
	for _, c := range p.Changes {
		for _, extra := range c.extras() {
			for name, value := range extra {
				var out bytes.Buffer
				_ = json.Compact(&out, value) // it was decoded from valid JSON
				extra[name] = out.Bytes()
			}
		}
	}
}

// extras returns the unknown fields of what the change starts from.
func (c Change) extras() []map[string]json.RawMessage {
	var all []map[string]json.RawMessage
	if c.Before != nil {
		all = append(all, c.Before.Extra)
	}
	if c.Holder != nil && c.Holder.Team != nil && c.Holder.Team.Before != nil {
		all = append(all, c.Holder.Team.Before.Extra)
	}
	if c.Holder != nil && c.Holder.Member != nil {
		all = append(all, c.Holder.Member.Before.Extra)
	}
	return all
}

// contradiction returns what in the plan does not fit the rest, or the bytes it was read from.
func (p *Plan) contradiction(data []byte) string {
	if key, twice := repeatedKey(data); twice {
		return fmt.Sprintf("%q stands twice in one object", key)
	}
	if p.FileDigest != p.digest() {
		return "fileDigest does not match the content"
	}
	if !bytes.Equal(data, Encode(p)) {
		return "its layout is not the one it was written with"
	}
	if p.PlanHash != p.hash() {
		return "planHash does not match the changes"
	}
	if p.Summary != summarise(p.Changes) {
		return "summary does not match the changes"
	}
	if p.Complete && p.ExitReason != p.reason() {
		return fmt.Sprintf("exitReason %q does not match the changes and blocks", p.ExitReason)
	}
	if reason := p.contradictoryBase(); reason != "" {
		return reason
	}
	return contradictoryChange(p.Changes, p.Source)
}

func contradictoryChange(changes []Change, src Source) string {
	changed := make(map[string]bool, len(changes))
	for i, c := range changes {
		if reason := c.contradiction(src); reason != "" {
			return fmt.Sprintf("change %d (%q): %s", i, c.ID, reason)
		}
		subject := c.Kind + "/" + c.Key
		if c.Part() == 2 {
			subject += " again"
		}
		if changed[subject] {
			return fmt.Sprintf("change %d (%q): %q is changed twice", i, c.ID, c.Key)
		}
		changed[subject] = true
		if i > 0 && compareChanges(changes[i-1], c) > 0 {
			return fmt.Sprintf("change %d (%q) is out of order", i, c.ID)
		}
	}
	return brokenSteps(changes)
}

// contradiction makes the change again from its bodies and returns how the result differs.
func (c Change) contradiction(src Source) string {
	if reason := c.misfit(); reason != "" {
		return reason
	}
	if c.Access != nil && c.Access.Verdict != c.Access.verdict() {
		return fmt.Sprintf("the verdict %q does not follow from what is gained and lost", c.Access.Verdict)
	}
	again := c.again()
	again.Reason, again.Declared = c.Reason, c.Declared
	if c.Holder == nil {
		again.Access, again.Risk = c.Access, c.Risk // what they should be depends on the semantics
		again.Phase = phaseOf(again)                // follows from it
	} else if slices.Equal(c.Risk, append(slices.Clone(again.Risk), riskOf(escalation))) {
		again.Risk = c.Risk // what the roles mean decides
	}
	if c.Phase == PhaseFirst && c.mayBeFirst() {
		again.Phase = PhaseFirst // what it should be depends on people
	}
	again.Cause, again.AlsoOnBase = c.Cause, c.AlsoOnBase
	if src.Offline {
		again.Assigned = nil
	}
	was, is := reflect.ValueOf(c), reflect.ValueOf(again)
	for i := range was.NumField() {
		if !reflect.DeepEqual(was.Field(i).Interface(), is.Field(i).Interface()) {
			name, _, _ := strings.Cut(was.Type().Field(i).Tag.Get("json"), ",")
			return fmt.Sprintf("%q does not follow from the role before and after", name)
		}
	}
	if reason := c.contradictoryCause(src); reason != "" {
		return reason
	}
	for _, key := range c.keys() {
		if err := role.CheckKey(key); err != nil {
			return err.Error()
		}
	}
	return ""
}

// misfit returns why the bodies of the change do not go with its kind and action.
func (c Change) misfit() string {
	switch {
	case c.Holder != nil:
		return c.Holder.contradiction(c)
	case c.Step != 0 && (c.Step != 1 && c.Step != 2 || c.Action != Update):
		return "its step does not go with the change"
	case !c.hasBodies():
		return fmt.Sprintf("action %q does not go with the roles before and after", c.Action)
	}
	return ""
}

// again makes the change anew from its bodies.
func (c Change) again() Change {
	if c.Holder != nil {
		return c.Holder.again()
	}
	return newStep(newChange(c.Action, c.Before, c.After), c.Step)
}

// hasBodies reports whether the roles are there that the action needs, and no others.
func (c Change) hasBodies() bool {
	before, after := c.Before != nil, c.After != nil
	switch c.Action {
	case Create:
		return !before && after
	case Update:
		return before && after && c.Before.Key == c.After.Key
	case Delete:
		return before && !after
	case Replace:
		return before && after && c.Before.Key != c.After.Key
	}
	return false
}

// keys returns the keys that the change would put into a URL.
func (c Change) keys() []string {
	if c.Holder != nil {
		return nil // checked with the rest of the holder
	}
	if c.Replaces == "" {
		return []string{c.Key}
	}
	return []string{c.Key, c.Replaces}
}

// repeatedKey returns a key that stands twice in one object of data, which is valid JSON: Go's
// decoder would take the last one, a reviewer's eye the first.
func repeatedKey(data []byte) (key string, twice bool) {
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber() // a number too large to hold is no error here
	return repeatedIn(dec)
}

func repeatedIn(dec *json.Decoder) (string, bool) {
	open, _ := dec.Token()
	if open != json.Delim('{') && open != json.Delim('[') {
		return "", false
	}
	seen := map[string]bool{}
	for dec.More() {
		if open == json.Delim('{') {
			name, _ := dec.Token()
			key := fmt.Sprint(name)
			if seen[key] {
				return key, true
			}
			seen[key] = true
		}
		if key, twice := repeatedIn(dec); twice {
			return key, true
		}
	}
	_, _ = dec.Token() // the closing bracket
	return "", false
}
