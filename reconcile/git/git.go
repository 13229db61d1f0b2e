// Package git reads what the files of a folder were at earlier commits: which commit a name stands
// for, where two lines of work parted, what the folder held there, and what it held before.
//
// It asks the git program, since only that knows every form a repository can have, and asks it as
// little as possible: one process each to find the repository, the merge base and the commits that
// changed the folder, and one "git cat-file --batch" for everything else, however much that is.
//
// Invariant: nothing is changed and nothing of the repository is run. There is no checkout, no
// index, no hook, filter, textconv, alias, pager or network; the environment of git is made anew;
// what the user typed goes to git's standard input and never to its command line. What a
// repository says about itself is data of whoever could write to it.
//
// The package must not know what the files mean, write, print or read the environment.
package git

import (
	"context"
	"strings"
)

// Options are what Open is told beside the folder.
type Options struct {
	// Program is the git program; "" is the one that is called git.
	Program string
	// Getenv looks up the variables that git cannot do without: where programs, the home folder and
	// the temporary folder are. No other variable reaches git. Nil passes none.
	Getenv func(string) string
}

// Repository is the git repository that a folder belongs to, seen from that folder. It holds a
// process: close it. Its methods may be called from several goroutines; all end with an error when
// the context given to Open ends.
type Repository struct {
	runner
	batch *batch
	// folder is the folder's path in the repository, with a slash at the end; "" for its root.
	folder  string
	shallow bool
	limits  limits
}

// limits bound what is read, so that no repository exhausts the machine.
type limits struct {
	blob, object   int64 // bytes of one file; of one tree or commit
	versions       int   // commits that changed the folder, looked at by Versions
	files, folders int   // given and looked at by Versions
	entries        int   // listed by one Tree
}

var defaultLimits = limits{blob: 8 << 20, object: 64 << 20, versions: 1000, files: 10_000, folders: 100_000, entries: 1_000_000}

// Open finds the repository that dir belongs to. The errors are [*NotInstalledError],
// [*NotRepositoryError] and [*OwnershipError], or say what git said.
func Open(ctx context.Context, dir string, o Options) (*Repository, error) {
	run := newRunner(ctx, dir, o)
	out, err := run.output("rev-parse", "--is-inside-work-tree", "--is-shallow-repository", "--show-prefix")
	if err != nil {
		return nil, err
	}
	// The prefix comes last: the name of a folder may hold line ends.
	answers := strings.SplitN(out, "\n", 3)
	if len(answers) < 3 || answers[0] != "true" {
		return nil, &NotRepositoryError{Dir: dir}
	}
	r := &Repository{runner: run, shallow: answers[1] == "true", folder: strings.TrimSuffix(answers[2], "\n"), limits: defaultLimits}
	r.batch, err = startBatch(run)
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Close ends the process that Open started.
func (r *Repository) Close() error { return r.batch.close() }

// Base returns the commit that work on HEAD started from, seen from ref: the last one that both
// have. Where ref is an ancestor of HEAD that is ref itself; otherwise what ref gained since is left
// out, as in the difference that a pull request shows.
func (r *Repository) Base(ref string) (commit string, err error) {
	other, err := r.Resolve(ref)
	if err != nil {
		return "", err
	}
	head, err := r.Resolve("HEAD")
	if err != nil {
		return "", err
	}
	out, err := r.output("merge-base", head, other)
	switch base := strings.TrimSuffix(out, "\n"); {
	case exitCode(err) == 1 && r.shallow:
		return "", &ShallowError{Ref: ref}
	case exitCode(err) == 1:
		return "", &UnrelatedError{Ref: ref}
	case err != nil:
		return "", err
	default:
		return base, nil
	}
}

// Resolve returns the full hash of the commit that ref names: a branch, a tag, a hash, HEAD~2. The
// error is a [*UnknownRefError] if it names none.
func (r *Repository) Resolve(ref string) (string, error) {
	if reason := unfit(ref); reason != "" {
		return "", &UnknownRefError{Ref: ref, Reason: reason}
	}
	o, err := r.batch.object(ref+"^{commit}", r.limits.object)
	if err != nil {
		return "", err
	}
	if o.missing {
		return "", &UnknownRefError{Ref: ref, Reason: "the repository has no such commit", Shallow: r.shallow}
	}
	return o.id, nil
}

// maxRef is the longest name of a commit, in bytes, that is looked up.
const maxRef = 1024

// unfit returns why ref cannot be the name of a commit, or "".
func unfit(ref string) string {
	switch {
	case ref == "":
		return "it is empty"
	case len(ref) > maxRef:
		return "it is too long"
	case strings.HasPrefix(ref, "-"):
		return "it looks like an option"
	case strings.Contains(ref, ":"):
		return "it names a file or a message, not a commit"
	case strings.ContainsFunc(ref, func(c rune) bool { return c < ' ' || c == 0x7f }):
		return "it holds a control character"
	}
	return ""
}
