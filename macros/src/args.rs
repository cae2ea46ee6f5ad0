use proc_macro2::TokenStream;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream, Parser};
use syn::punctuated::Punctuated;
use syn::{Error, Ident, Path, Result, Token, parse_quote};

/// The options of the attribute.
pub(crate) struct Args {
    pub(crate) krate: Path,
}

impl Default for Args {
    fn default() -> Args {
        Args {
            krate: parse_quote!(::smartasync),
        }
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
                options
                    .into_iter()
                    .for_each(|option| option.apply(&mut args));
                (args, None)
            }
            Err(error) => (args, Some(error)),
        }
    }
}

enum Opt {
    Crate(Path),
}

impl Opt {
    fn apply(self, args: &mut Args) {
        match self {
            Opt::Crate(path) => args.krate = path,
        }
    }
}

impl Parse for Opt {
    fn parse(input: ParseStream<'_>) -> Result<Opt> {
        let name = Ident::parse_any(input)?;
        if name == "crate" {
            input.parse::<Token![=]>()?;
            Path::parse_mod_style(input).map(Opt::Crate)
        } else {
            Err(Error::new(
                name.span(),
                format!("unknown option `{name}`: `#[smartasync]` takes `crate = PATH`"),
            ))
        }
    }
}
