package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"maps"
	"net/http"
	"slices"
	"strings"

	jsonpatch "github.com/evanphx/json-patch/v5"
)

// patchRole answers PATCH /api/v2/roles/{key}. The role is read, patched, checked and stored in
// one step.
func (e *Emulator) patchRole(r *request) (reply, error) {
	edit, err := readPatch(r, roleFields)
	if err != nil {
		return reply{}, err
	}
	return e.write(r, http.StatusOK, func(tx *change) ([]byte, error) {
		old, found := tx.roles.find(r.id)
		if !found {
			return nil, errNotFound
		}
		for _, field := range edit.fields() {
			if err := e.allow(tx.view, r, field, roleNames(old.is)...); err != nil {
				return nil, err
			}
		}
		fields, err := e.apply(text(func(b *bytes.Buffer) { tx.role(b, old) }), edit)
		if err != nil {
			return nil, err
		}
		// Base permissions that are not in the document, as where the switch leaves them out, stay.
		next := old.is.clone()
		if err := next.readEditable(fields, old.is.BasePermissions); err != nil {
			return nil, err
		}
		return e.putRole(tx, old, next)
	})
}

// edit is what a patch does: one of the two forms.
type edit struct {
	ops   jsonpatch.Patch // RFC 6902
	merge []byte          // RFC 7386
}

// fields are the fields that the patch sets, sorted. That it only tests one takes no right.
func (e edit) fields() []string {
	set := map[string]bool{}
	for _, op := range e.ops {
		path, _ := op.Path()
		if op.Kind() != "test" {
			set[field(path)] = true
		}
		if from, err := op.From(); op.Kind() == "move" && err == nil {
			set[field(from)] = true
		}
	}
	merged, _ := decodeFields(e.merge) // it was read before
	for name := range merged {
		set[name] = true
	}
	return slices.Sorted(maps.Keys(set))
}

// readPatch reads the body of a patch: a bare array of operations, or an object with a comment
// and either `patch` or `merge`.
func readPatch(r *request, may editable) (edit, error) {
	if len(r.body) > 0 && r.body[0] == '[' {
		return readOps(r.body, may)
	}
	fields, err := decodeFields(r.body)
	if err != nil {
		return edit{}, err
	}
	if err := readField(fields, "comment", &r.comment); err != nil {
		return edit{}, err
	}
	ops, merge := fields["patch"], fields["merge"]
	switch {
	case ops != nil && merge == nil:
		return readOps(ops, may)
	case merge != nil && ops == nil:
		return readMerge(merge, may)
	}
	return edit{}, refuse(400, "Invalid request body: give either patch or merge")
}

func readMerge(body []byte, may editable) (edit, error) {
	fields, err := decodeFields(body)
	if err != nil {
		return edit{}, err
	}
	for name := range fields {
		if err := may.edit(name); err != nil {
			return edit{}, err
		}
	}
	return edit{merge: body}, nil
}

// editable are the fields that a patch may change.
type editable []string

// edit refuses a field that a patch cannot change.
func (may editable) edit(field string) error {
	if !slices.Contains(may, field) {
		return refuse(400, "Field %q cannot be changed", field)
	}
	return nil
}

func readOps(body []byte, may editable) (edit, error) {
	ops, err := jsonpatch.DecodePatch(body)
	if err != nil || ops == nil {
		return edit{}, errBody
	}
	for _, op := range ops {
		if err := may.check(op); err != nil {
			return edit{}, err
		}
	}
	return edit{ops: ops}, nil
}

// check refuses operations that change what cannot be changed; that they are well formed, but
// for the value of a test, DecodePatch has seen to. It makes a replace of a whole field an add:
// replacing must work even if the role never had the field.
func (may editable) check(op jsonpatch.Operation) error {
	path, _ := op.Path()
	switch op.Kind() {
	case "test":
		if _, given := op["value"]; !given {
			return refuse(400, "Invalid request body: a test lacks its value")
		}
		return nil
	case "move":
		source, _ := op.From()
		if err := may.edit(field(source)); err != nil {
			return err
		}
	case "replace":
		if strings.Count(path, "/") == 1 {
			op["op"] = new(json.RawMessage(`"add"`))
		}
	}
	return may.edit(field(path))
}

// field returns the field that a JSON pointer leads into; "" if it leads into none.
func field(pointer string) string {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, "/")
	return strings.NewReplacer("~1", "/", "~0", "~").Replace(name)
}

// apply carries out the edit on a thing as the API answers it, and returns the fields that come of
// it.
func (e *Emulator) apply(doc []byte, edit edit) (map[string]json.RawMessage, error) {
	doc, err := e.patched(doc, edit)
	if err != nil {
		return nil, err
	}
	return decodeFields(doc)
}

func (e *Emulator) patched(doc []byte, edit edit) ([]byte, error) {
	if edit.merge != nil {
		doc, err := jsonpatch.MergePatch(doc, edit.merge)
		if err != nil {
			return nil, errBody
		}
		return doc, nil
	}
	ops, err := e.opts.Behaviour.tests(edit.ops)
	if err != nil {
		return nil, err
	}
	options := jsonpatch.NewApplyOptions()
	options.SupportNegativeIndices = false
	options.AccumulatedCopySizeLimit = MaxBody
	doc, err = ops.ApplyWithOptions(doc, options)
	switch {
	case errors.Is(err, jsonpatch.ErrTestFailed) && e.opts.Behaviour.TestFailed == "409":
		return nil, refuse(409, "%s", conflictText)
	case err != nil:
		return nil, refuse(422, "%s", patchText)
	}
	return doc, nil
}

// tests returns the operations as the server takes them that the switch testOp describes.
func (b Behaviour) tests(ops jsonpatch.Patch) (jsonpatch.Patch, error) {
	isTest := func(op jsonpatch.Operation) bool { return op.Kind() == "test" }
	if b.TestOp == "honoured" || !slices.ContainsFunc(ops, isTest) {
		return ops, nil
	}
	switch b.TestOp {
	case "refused409":
		return nil, refuse(409, "%s", conflictText)
	case "refused422":
		return nil, refuse(422, "%s", patchText)
	}
	return slices.DeleteFunc(slices.Clone(ops), isTest), nil
}
