internal import Core
internal import Mustache

/// A value for a section that is omitted if the text is nil.
func optional(_ text: String?) -> Any { text ?? false }

/// The templates of pages, which are compiled into the program.
///
/// Templates escape all values except those in triple braces, which are markup made by this module.
struct PageTemplates: Sendable {
    private let library: MustacheLibrary

    /// The parsed templates, or the parser's error, which is a bug in this program.
    static let parsed = Result { try PageTemplates() }

    private init() throws {
        var templates: [String: MustacheTemplate] = [:]
        MustacheContentTypes.register(EscapedMarkup(), named: EscapedMarkup.name)
        for (name, bytes) in Self.sources {
            // A partial does not inherit the content type, so each template states it.
            let source = "{{% CONTENT_TYPE:\(EscapedMarkup.name)}}\n" + String(decoding: bytes, as: UTF8.self)
            templates[name] = try MustacheTemplate(string: source)
        }
        library = MustacheLibrary(templates: templates)
    }

    /// Renders a template with values.
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
        "footer": PackageResources.footer_mustache,
        "grid": PackageResources.grid_mustache,
        "head": PackageResources.head_mustache,
        "header": PackageResources.header_mustache,
        "linkList": PackageResources.linkList_mustache,
        "log": PackageResources.log_mustache,
        "maintainer": PackageResources.maintainer_mustache,
        "package": PackageResources.package_mustache,
        "queue": PackageResources.queue_mustache,
        "run": PackageResources.run_mustache,
        "start": PackageResources.start_mustache,
        "styles": PackageResources.styles_mustache,
        "table": PackageResources.table_mustache,
        "target": PackageResources.target_mustache,
    ]
}

/// How templates escape values. The library's own way takes a character together with what combines with it, so that a
/// quotation mark before a combining character would end an attribute; and it is slower.
private struct EscapedMarkup: MustacheContentType {
    static let name = "CISO"

    func escapeText(_ text: String) -> String { text.escapedAsMarkup }
}
