import OpamFormat
import Testing

/// Filters have three values. Every table is written out in full.
@Suite struct FilterEvaluationTests {
    private static let values: [FilterValue] = [.bool(true), .bool(false), .undefined]

    /// A filter with that value.
    private func filter(_ value: FilterValue) -> Filter {
        switch value {
        case .bool(let value): .bool(value)
        case .string(let text): .string(text)
        case .undefined: .variable(VariableReference("unknown"))
        }
    }

    private func evaluate(_ filter: Filter) -> FilterValue { filter.evaluate { _ in nil } }

    @Test func conjunctionFollowsItsTable() {
        for left in Self.values {
            for right in Self.values {
                let expected: FilterValue =
                    left == .bool(false) || right == .bool(false)
                    ? .bool(false) : left == .undefined || right == .undefined ? .undefined : .bool(true)
                #expect(evaluate(.and([filter(left), filter(right)])) == expected, "\(left) & \(right)")
            }
        }
    }

    @Test func disjunctionFollowsItsTable() {
        for left in Self.values {
            for right in Self.values {
                let expected: FilterValue =
                    left == .bool(true) || right == .bool(true)
                    ? .bool(true) : left == .undefined || right == .undefined ? .undefined : .bool(false)
                #expect(evaluate(.or([filter(left), filter(right)])) == expected, "\(left) | \(right)")
            }
        }
    }

    @Test func negationAndDefinedFollowTheirTables() {
        #expect(Self.values.map { evaluate(.not(filter($0))) } == [.bool(false), .bool(true), .undefined])
        #expect(Self.values.map { evaluate(.defined(filter($0))) } == [.bool(true), .bool(true), .bool(false)])
    }

    @Test func comparisonsCompareVersions() {
        let versions = ["1.9", "1.10", "1.10~beta"]
        for relation in RelationalOperator.allCases {
            for left in versions {
                for right in versions {
                    let holds = relation.holds(Version.compare(left, right))
                    let comparison = Filter.compare(.string(left), relation, .string(right))
                    #expect(evaluate(comparison) == .bool(holds))
                    #expect(evaluate(.not(comparison)) == .bool(relation.negated.holds(Version.compare(left, right))))
                }
            }
            #expect(evaluate(.compare(filter(.undefined), relation, .string("1"))) == .undefined)
            #expect(evaluate(.compare(.string("1"), relation, filter(.undefined))) == .undefined)
        }
        #expect(evaluate(.compare(.bool(true), .equal, .string("true"))) == .bool(true))
    }

    /// Texts are booleans only when they spell one.
    @Test func textsAreConvertedToBooleans() {
        #expect(evaluate(.and([.string("true"), .bool(true)])) == .bool(true))
        #expect(evaluate(.and([.bool(true), .string("yes")])) == .undefined)
        #expect(evaluate(.and([.string("yes"), .bool(false)])) == .bool(false))
        #expect(evaluate(.or([.string("no"), .bool(true)])) == .bool(true))
        #expect(evaluate(.not(.string("false"))) == .bool(true))
        #expect(evaluate(.not(.string(""))) == .undefined)
        #expect(Filter.string("true").holds { _ in nil })
        #expect(!Filter.string("yes").holds { _ in nil })
    }

    private func environment(_ variable: Variable) -> VariableValue? {
        switch variable.description {
        case "os": .string("linux")
        case "a:installed", "b:installed": .bool(true)
        case "c:installed": .bool(false)
        case "d:enabled": .string("true")
        case "a:version": .string("1.2")
        case "_:name": .string("self")
        case "words": .list(["x", "y"])
        case "percent": .string("50%%")
        default: nil
        }
    }

    @Test(arguments: [
        ("%{os}%", "linux"), ("a%{os}%b%{a:version}%", "alinuxb1.2"), ("%{unknown}%", ""), ("%%", "%"),
        ("%{a:installed?yes:no}%", "yes"), ("%{c:installed?yes:no}%", "no"), ("%{e:installed?yes:no}%", "no"),
        ("%{a:enable}%", "enable"), ("%{c:enable}%", "disable"), ("%{e:enable}%", "disable"),
        ("%{a+b:enable}%", "enable"), ("%{a+c:enable}%", "disable"), ("%{a+b:installed}%", "true"),
        ("%{d+a:enabled}%", ""), ("%{d:enabled?1:2}%", "1"), ("%{_:name}%", "self"), ("%{words}%", "x y"),
        ("%{os", "%{os"), ("%", "%"),
        ("100%", "100%"), ("%{os\n}%", "%{os\n}%"), ("%{?a:installed:}%", "true"), ("%{os?}%", ""),
        ("%{a:installed?x y:z}%", "x y"), ("}%%{os}%", "}%{os}%"),
    ])
    func interpolationGives(_ text: String, _ expected: String) {
        #expect(Interpolation.expand(text, in: environment) == expected)
    }

    @Test func escapedTextsExpandToThemselves() {
        for text in ["", "%", "%%", "%{os}%", "a%b", "100%", "%\u{301}{os}%\u{301}"] {
            #expect(Interpolation.expand(Interpolation.escaped(text), in: environment) == text)
        }
    }

    @Test func variablesAreFoundAlsoInTexts() throws {
        let file = try OpamFile(
            parsing: #"available: os = "%{a+_:x}%" & (?b:y | !z) & "%{c:w?1:2}%" != "1""#, file: "opam")
        #expect(
            Set(file.available.variables.map(\.description)) == ["os", "a:x", "_:x", "b:y", "z", "c:w"])
    }
}

/// Evaluating in two steps gives the same as evaluating at once, except for variables that the first step finds
/// undefined.
@Suite struct PartialEvaluationTests {
    private static let leaves: [Filter] = [
        .bool(true), .bool(false), .variable(VariableReference("known")), .variable(VariableReference("late")),
        .variable(VariableReference("never")), .string("%{known}%"), .string("%{late}%"),
        .compare(.string("%{late}%"), .equal, .variable(VariableReference("known"))),
    ]

    private func known(_ variable: Variable) -> VariableValue? { variable.name == "known" ? .bool(true) : nil }
    private func late(_ value: Bool) -> Environment {
        { variable in variable.name == "late" ? .bool(value) : nil }
    }

    /// All filters with two operators and the leaves.
    private static let filters: [Filter] = {
        let one = leaves + leaves.map { Filter.not($0) }
        return one.flatMap { left in
            one.flatMap { right in [Filter.and([left, right]), .or([left, right]), .not(.and([left, right]))] }
        }
    }()

    @Test func twoStepsGiveWhatOneStepGives() {
        for filter in Self.filters {
            for value in [true, false] {
                let late = late(value)
                let atOnce = filter.holds { known($0) ?? late($0) }
                let inSteps = filter.partiallyEvaluated(in: known).holds(in: late)
                if atOnce != inSteps { Issue.record("\(filter) with late = \(value): \(atOnce) and \(inSteps)") }
            }
        }
    }

    @Test func knownVariablesAreEliminated() {
        for filter in Self.filters {
            let rest = filter.partiallyEvaluated(in: known)
            #expect(!rest.variables.contains(Variable("known")), "\(filter) leaves \(rest)")
        }
    }

    @Test func definedIsDecidedInTheFirstStep() {
        let filter = Filter.defined(.variable(VariableReference("late")))
        #expect(filter.partiallyEvaluated(in: known) == .bool(false))
    }
}
