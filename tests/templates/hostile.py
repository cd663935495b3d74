"""Hostile input that several tests share."""

# Names that are allowed and would hurt wherever they were pasted instead of quoted.
PROJECTS = (
    "plain",
    "$(touch x)",
    "`touch x`; rm -rf .",
    'it\'s "quoted" \\ here',
    "<% if x %> <%= name %> {{ x }} ${{ github.token }}",
    "# heading: [a](b) | *c* <script>",
    "key: value, - item",
    "-x",
    "日本語 ünï 🍷",
    "@everyone",
    "!!python/object",
    "a" * 80,
)
