use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, Path, Result, Token, parse_quote};

/// The options of the attribute.
pub(crate) struct Args {
    pub(crate) krate: Path,
    pub(crate) bridge: Option<Expr>,
}

impl Default for Args {
    fn default() -> Args {
        Args { krate: parse_quote!(::smartasync), bridge: None }
    }
}

impl Args {
    /// Reads what it can: a wrong option is reported beside the defaults, so that the item still
    /// expands.
    pub(crate) fn read(tokens: TokenStream) -> (Args, Option<Error>) {
        let mut args = Args::default();
        let parser = Punctuated::<Opt, Token![,]>::parse_terminated;
        match parser.parse2(tokens) {
            Ok(options) => {
                options.into_iter().for_each(|option| option.apply(&mut args));
                (args, None)
            }
            Err(error) => (args, Some(error)),
        }
    }
}

enum Opt {
    Crate(Path),
    On(Expr),
}

impl Opt {
    fn apply(self, args: &mut Args) {
        match self {
            Opt::Crate(path) => args.krate = path,
            Opt::On(bridge) => args.bridge = Some(bridge),
        }
    }
}

impl Parse for Opt {
    fn parse(input: ParseStream<'_>) -> Result<Opt> {
        let name = Ident::parse_any(input)?;
        let value = || input.parse::<Token![=]>();
        match name.to_string().as_str() {
            "crate" => value().and_then(|_| Path::parse_mod_style(input)).map(Opt::Crate),
            "on" => value().and_then(|_| input.parse()).map(Opt::On),
            _ => Err(unknown(&name)),
        }
    }
}

fn unknown(name: &Ident) -> Error {
    let message = format!(
        "unknown option `{name}`: `#[smartasync]` takes `on = EXPR`, the bridge to run through, and \
         `crate = PATH`"
    );
    Error::new(name.span(), message)
}
