package gpp

// Kind says what a field of a section stands for.
type Kind uint8

// The kinds. Of the choices, 1 denies.
const (
	Other     Kind = iota // notices and modes, which are nobody's choice
	Sale                  // opt-out of sale
	Sharing               // opt-out of sharing across contexts
	Targeted              // opt-out of targeted advertising
	Sensitive             // processing of sensitive data, a number each of a class
	Child                 // data of a known child
	Secondary             // processing beyond what was disclosed
)

// field is one or more numbers of two bits.
type field struct {
	name  string
	count int
	kind  Kind
}

// layout is a core: names and numbers in their order. It begins with the
// version, whose name differs.
type layout struct {
	name, version string
	fields        []field
	sensitive     int // numbers in a subsection of their own
}

var (
	sharingNotice    = field{"SharingNotice", 1, Other}
	processingNotice = field{"ProcessingNotice", 1, Other}
	saleNotice       = field{"SaleOptOutNotice", 1, Other}
	shareNotice      = field{"SharingOptOutNotice", 1, Other}
	targetedNotice   = field{"TargetedAdvertisingOptOutNotice", 1, Other}
	sensitiveNotice  = field{"SensitiveDataProcessingOptOutNotice", 1, Other}
	limitNotice      = field{"SensitiveDataLimitUseNotice", 1, Other}
	sale             = field{"SaleOptOut", 1, Sale}
	sharing          = field{"SharingOptOut", 1, Sharing}
	targeted         = field{"TargetedAdvertisingOptOut", 1, Targeted}
	personal         = field{"PersonalDataConsents", 1, Secondary}
	additional       = field{"AdditionalDataProcessingConsent", 1, Secondary}
	covered          = field{"MspaCoveredTransaction", 1, Other}
	optionMode       = field{"MspaOptOutOptionMode", 1, Other}
	providerMode     = field{"MspaServiceProviderMode", 1, Other}
	mode             = field{"MspaMode", 1, Other}
)

func sensitive(n int) field { return field{"SensitiveDataProcessing", n, Sensitive} }
func child(n int) field     { return field{"KnownChildSensitiveDataConsents", n, Child} }

func national(classes, children int) []field {
	return []field{sharingNotice, saleNotice, shareNotice, targetedNotice, sensitiveNotice, limitNotice, sale, sharing, targeted,
		sensitive(classes), child(children), personal, covered, optionMode, providerMode}
}

// state is the core most states share; with more, consent to additional
// processing is asked for, too.
func state(name string, notice field, classes, children int, more bool) layout {
	f := []field{notice, saleNotice, targetedNotice, sale, targeted, sensitive(classes), child(children)}
	if more {
		f = append(f, additional)
	}
	return layout{name, "Version", append(f, covered, optionMode, providerMode), 0}
}

// late is the core of the states that came in 2025.
func late(name string, classes int) layout {
	f := []field{covered, mode, processingNotice, saleNotice, targetedNotice, sale, targeted}
	if classes > 0 {
		f = append(f, child(1))
	}
	return layout{name, "MspaVersion", append(f, additional), classes}
}

// layouts are the sections of the United States by id.
var layouts = map[int]layout{
	7: {"usnat", "Version", national(12, 2), 0},
	8: {"usca", "Version", []field{saleNotice, shareNotice, limitNotice, sale, sharing, sensitive(9), child(2), personal,
		covered, optionMode, providerMode}, 0},
	9:  state("usva", sharingNotice, 8, 1, false),
	10: state("usco", sharingNotice, 7, 1, false),
	11: {"usut", "Version", []field{sharingNotice, saleNotice, targetedNotice, sensitiveNotice, sale, targeted, sensitive(8),
		child(1), covered, optionMode, providerMode}, 0},
	12: state("usct", sharingNotice, 8, 3, false),
	13: state("usfl", processingNotice, 8, 3, true),
	14: state("usmt", sharingNotice, 8, 3, true),
	15: state("usor", processingNotice, 11, 3, true),
	16: state("ustx", processingNotice, 8, 1, true),
	17: state("usde", processingNotice, 9, 5, true),
	18: {"usia", "Version", []field{processingNotice, saleNotice, targetedNotice, {"SensitiveDataOptOutNotice", 1, Other}, sale,
		targeted, sensitive(8), child(1), covered, optionMode, providerMode}, 0},
	19: state("usne", processingNotice, 8, 1, true),
	20: state("usnh", processingNotice, 8, 3, true),
	21: state("usnj", processingNotice, 10, 5, true),
	22: state("ustn", processingNotice, 8, 1, true),
	23: state("usmn", processingNotice, 8, 1, true),
	24: late("usmd", 0),
	25: late("usin", 8),
	26: late("usky", 8),
	27: late("usri", 8),
}

// nationalTwo is usnat since its second version, of more classes and ages.
var nationalTwo = layout{"usnat", "Version", national(16, 3), 0}

// Name is the prefix by which a section's interface is known, "" for an unknown
// id.
func Name(id int) string {
	switch id {
	case 1:
		return "tcfeuv1"
	case Europe:
		return "tcfeuv2"
	case Canada:
		return "tcfca"
	case Privacy:
		return "uspv1"
	}
	return layouts[id].name
}
