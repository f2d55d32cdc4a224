internal import Mustache

/// The values that a template reads, by the names it uses: text, numbers, flags, nested values and lists of them.
typealias TemplateValues = [String: Any]

/// A value of a section that is left out where there is none.
func optional(_ text: String?) -> Any { text ?? false }

/// The templates of pages. They are files of the repository, compiled into the program.
///
/// A template escapes every value it writes, except for what stands in three braces: that is markup of this module.
struct PageTemplates: Sendable {
    private let library: MustacheLibrary

    /// The templates, or the error of the parser, which says where one is wrong: a mistake of this program.
    static let parsed = Result { try PageTemplates() }

    private init() throws {
        var templates: [String: MustacheTemplate] = [:]
        for (name, bytes) in Self.sources {
            templates[name] = try MustacheTemplate(string: String(decoding: bytes, as: UTF8.self))
        }
        library = MustacheLibrary(templates: templates)
    }

    /// The page that a template makes of values.
    func render(_ template: String, _ values: TemplateValues) -> String {
        library.render(values, withTemplate: template) ?? ""
    }

    private static let sources: [String: [UInt8]] = [
        "cell": PackageResources.cell_mustache,
        "cellGroups": PackageResources.cellGroups_mustache,
        "cellList": PackageResources.cellList_mustache,
        "cause": PackageResources.cause_mustache,
        "causeList": PackageResources.causeList_mustache,
        "causes": PackageResources.causes_mustache,
        "diff": PackageResources.diff_mustache,
        "feed": PackageResources.feed_mustache,
        "badge": PackageResources.badge_mustache,
        "foot": PackageResources.foot_mustache,
        "grid": PackageResources.grid_mustache,
        "head": PackageResources.head_mustache,
        "linkList": PackageResources.linkList_mustache,
        "log": PackageResources.log_mustache,
        "maintainer": PackageResources.maintainer_mustache,
        "package": PackageResources.package_mustache,
        "queue": PackageResources.queue_mustache,
        "run": PackageResources.run_mustache,
        "start": PackageResources.start_mustache,
        "table": PackageResources.table_mustache,
        "target": PackageResources.target_mustache,
    ]
}
