internal import PluginMessages

extension CommonPatterns {
    /// Messages of test frameworks.
    static let tests = [
        LogPattern(
            "cram", .testFailure,
            #"^\+ {2,}.*(?:[Ee]rror|exception|not found|No such file)"#,
            literals: [
                "rror: ", "not found", "No such file", "xception",
            ], class: "test output changed",
            examples: [
                .init(
                    #"+  Fatal error: exception Not_found"#,
                    #"+ Fatal error: exception Not_found"#)
            ]),
        LogPattern(
            "expected-diff", .testFailure,
            #"^--- (?:a/)?(?:_build/\S+?/)?(\S+\.(?:expected|t|ml|mli|md|out|ref|exp|reference|txt|output|mld|t/run\.t))(?:\s|$)|^diff --git a/_build"#,
            precedence: .likely,
            literals: [
                ".expected", "--- a/", "--- test", "--- _build", "--- src/", "--- lib/", "--- bin/", "--- ./",
                "--- ../", ".corrected", "diff --git a/_build", ".reference",
            ], class: "test output changed",
            examples: [
                .init(
                    #"--- test/basic.t"#,
                    #"--- test/basic.t"#)
            ]),
        LogPattern(
            "dune-differ", .testFailure,
            #"^Error: Files \S+ and(?: \S+ differ\.?)?$"#, precedence: .likely,
            literals: [
                "Error: Files "
            ], class: "test output changed",
            examples: [
                .init(
                    #"Error: Files _build/default/t.txt and _build/default/t.expected differ."#,
                    #"Error: Files <path> and <path> differ."#)
            ]),
        LogPattern(
            "corrected-file", .testFailure,
            #"^\+\+\+ \S+\.(?:corrected|processed|output|actual|gen)"#, precedence: .likely,
            literals: [
                ".corrected", ".processed", ".output", ".actual", ".out.gen",
            ],
            preceding: #"^--- "#, class: "test output changed",
            examples: [
                .init(
                    #"+++ test/basic.t.corrected"#,
                    #"+++ <path>"#)
            ]),
        LogPattern(
            "time-zone", .localeTimezone,
            #"expected:? ?"?\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*but got:? ?"?\d{4}-\d\d-\d\d"#,
            literals: [
                "but got: ", "but got ",
            ], class: "dates differ",
            examples: [
                .init(
                    #"expected: 2001-02-03T04:05:06 but got: 2001-02-03T05:05:06"#,
                    #"expected: <date> but got: <date>"#)
            ]),
        LogPattern(
            "locale", .localeTimezone,
            #"[Ii]llegal byte sequence|codec can't (?:de|en)code|[Ii]nvalid (?:or incomplete )?multibyte|zoneinfo/?\S*.*(?:No such|not found)|[Uu]nknown time ?zone|[Ii]nvalid byte sequence"#,
            literals: [
                "llegal byte sequence", "codec can't", "ultibyte", "EncodeError", "DecodeError", "zoneinfo",
                "nknown time zone", "nknown timezone", "not a valid locale", "nvalid byte sequence", "invalid UTF-8",
                "Malformed UTF-8",
            ], class: "locale",
            examples: [
                .init(
                    #"UnicodeDecodeError: 'ascii' codec can't decode byte 0xc3 in position 10"#,
                    #"UnicodeDecodeError: 'ascii' codec can't decode byte <n> in position <n>"#)
            ]),
        LogPattern(
            "locale-warning", .localeTimezone,
            #"Setting locale failed|[Cc]annot set LC_|cannot change locale|setlocale: .*(?:fail|cannot|No such)"#,
            precedence: .vague,
            literals: [
                "etting locale failed", "annot set LC_", "annot change locale", "setlocale: ",
            ], class: "locale",
            examples: [
                .init(
                    #"perl: warning: Setting locale failed."#,
                    #"perl: warning: Setting locale failed."#)
            ]),
        LogPattern(
            "alcotest", .testFailure,
            #"\[FAIL\]\s+\S"#, precedence: .likely,
            literals: [
                "[FAIL]"
            ], class: "test failed",
            examples: [
                .init(
                    #"[FAIL]        parse          3   long lines."#,
                    #"[FAIL] parse <n> long lines."#)
            ]),
        LogPattern(
            "ounit", .testFailure,
            #"^(?:Test )?(?:Error|Failure): [^:]+:\d+:|^Error: .*:\d+:.*\(in the (?:code|log)\)"#, precedence: .likely,
            literals: [
                "Error: ", "Failure: ", "FAILED: Cases",
            ], class: "test failed",
            examples: [
                .init(
                    #"Error: suite:2:parse errors."#,
                    #"Error: suite:<n>:parse errors."#)
            ]),
        LogPattern(
            "qcheck", .testFailure,
            #"^--- Failure -|^Test .* failed|[Tt]est failed|[Tt]ests failed|TESTS FAILED|^(?:failure|FAILURE) \(|^FAILED tests?/|^\S+::\S+ FAILED|test \S+ \.\.\. FAILED|The following tests FAILED|[Tt]est suite failed"#,
            precedence: .likely,
            literals: [
                "failed tests", "--- Failure", "est failed", "ests failed", "TESTS FAILED", "failed (", ") FAILED",
                "ests FAILED", "failure (", "est failure", "est suite failed", "FAILED test",
            ], class: "test failed",
            examples: [
                .init(
                    #"Test rev_concat failed (3 shrink steps):"#,
                    #"Test rev_concat failed (<n> shrink steps):"#)
            ]),
        LogPattern(
            "test-line", .testFailure,
            #"^FAIL:? (?!\s*0)\S|^not ok \d+(?!.*# (?:TODO|SKIP))|panicked at|[Aa]ssertion .*failed|Assert_failure|AssertionError|^\[?FAILED\]?\b"#,
            precedence: .likely,
            exclusion: #"^FAILED: Cases|# FAIL|^FAILED: \[code"#,
            literals: [
                "FAIL: ", "not ok ", "FAIL ", "panicked at", "ssertion ", "ssert_failure", "ssertionError",
                "ssertion failed", "FAILED",
            ], class: "test failed",
            examples: [
                .init(
                    #"FAIL: test-b"#,
                    #"FAIL: test-b"#)
            ]),
    ]
}
