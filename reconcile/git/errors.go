package git

import "fmt"

// deeper is what to do where the history that is needed was not fetched.
const deeper = "in GitHub Actions give actions/checkout \"fetch-depth: 0\"; elsewhere run git fetch --unshallow"

// NotInstalledError says that there is no git program.
type NotInstalledError struct{ Program string }

func (e *NotInstalledError) Error() string {
	return fmt.Sprintf("the program %q is not there", e.Program)
}

// Hint says what to do.
func (e *NotInstalledError) Hint() string { return "install git, or leave out --base" }

// NotRepositoryError says that a folder belongs to no git repository's working tree.
type NotRepositoryError struct {
	Dir  string
	Bare bool // the folder has the files of a bare repository in it, which may be committed ones
}

func (e *NotRepositoryError) Error() string {
	if e.Bare {
		return fmt.Sprintf("%q has the form of a bare git repository, which is not read", e.Dir)
	}
	return fmt.Sprintf("%q belongs to no git repository", e.Dir)
}

// Hint says what to do.
func (e *NotRepositoryError) Hint() string {
	if e.Bare {
		return "take away the files HEAD, objects and refs, which make it one"
	}
	return "in GitHub Actions run actions/checkout first; elsewhere leave out --base"
}

// OwnershipError says that git refuses a repository because another user owns it.
type OwnershipError struct{ Dir string } // of the repository, or the folder that was opened

func (e *OwnershipError) Error() string {
	return fmt.Sprintf("git does not read the repository %q, since another user owns it", e.Dir)
}

// Hint says what to do.
func (e *OwnershipError) Hint() string {
	return fmt.Sprintf("if you trust it, run: git config --global --add safe.directory %q", e.Dir)
}

// UnknownRefError says that a name stands for no commit of the repository.
type UnknownRefError struct {
	Ref, Reason string
	Shallow     bool // history is missing, so the commit may be there all the same
}

func (e *UnknownRefError) Error() string {
	return fmt.Sprintf("%q is no commit: %s", e.Ref, e.Reason)
}

// Hint says what to do.
func (e *UnknownRefError) Hint() string {
	if e.Shallow {
		return deeper
	}
	return "name a branch, a tag or a hash that git log knows, such as origin/main; " + deeper
}

// ShallowError says that the clone is shallow and the history that is needed was left out.
type ShallowError struct {
	Ref string // where the beginning of HEAD and this was looked for; "" for earlier versions of files
}

func (e *ShallowError) Error() string {
	if e.Ref == "" {
		return "the clone is shallow: earlier commits were not fetched"
	}
	return fmt.Sprintf("the clone is shallow: the commit that HEAD and %q have in common was not fetched", e.Ref)
}

// Hint says what to do.
func (e *ShallowError) Hint() string { return deeper }

// UnrelatedError says that HEAD and Ref have no commit in common.
type UnrelatedError struct{ Ref string }

func (e *UnrelatedError) Error() string {
	return fmt.Sprintf("HEAD and %q have no commit in common", e.Ref)
}

// Hint says what to do.
func (e *UnrelatedError) Hint() string { return "name the branch that this work started from" }

// NoFolderError says that a commit does not hold the folder.
type NoFolderError struct{ Folder, Commit string }

func (e *NoFolderError) Error() string {
	return fmt.Sprintf("commit %s has no folder %q", e.Commit, e.Folder)
}

// MissingError says that an object is not in the repository although something there needs it: a
// partial clone, or a damaged one. Objects are never fetched.
type MissingError struct{ ID string }

func (e *MissingError) Error() string {
	if e.ID == "" {
		return "the repository lacks objects that it refers to"
	}
	return fmt.Sprintf("the repository lacks object %s, to which it refers", e.ID)
}

// Hint says what to do.
func (e *MissingError) Hint() string {
	return "clone without a filter; objects that are left out of a clone are not fetched here"
}

// CorruptError says that an object is not what git writes.
type CorruptError struct{ ID, What string }

func (e *CorruptError) Error() string { return fmt.Sprintf("object %s: %s", e.ID, e.What) }
